package io.whetstone.cuda.driver;

/** A call that a library of NVIDIA's refused. */
public final class CudaException extends RuntimeException {
  private final int code;

  /**
   * @param function the C function's name
   * @param code what it returned
   * @param text what the code means
   */
  public CudaException(String function, int code, String text) {
    super("%s failed: %s (%d)".formatted(function, text, code));
    this.code = code;
  }

  /** What the function returned. */
  public int code() {
    return code;
  }
}
