package io.whetstone.cpu;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * A block of memory outside the Java heap, from the C library.
 *
 * <p>Arenas would zero it, and count it against the heap's limit; a model is larger than that.
 */
final class Allocation implements AutoCloseable {
  /** Every allocation starts on a cache line, which is also the widest vector. */
  static final int ALIGNMENT = 64;

  private static final long HUGE_PAGE = 2 << 20;
  private static final int MADV_HUGEPAGE = 14;
  private static final MethodHandle MALLOC =
      function("malloc", FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
  private static final MethodHandle FREE =
      function("free", FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG));
  private static final MethodHandle MADVISE =
      System.getProperty("os.name").equals("Linux")
          ? function(
              "madvise",
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_INT))
          : null;

  private final long allocated;
  private final long address;
  private final long bytes;
  private boolean closed;

  /**
   * Allocates {@code bytes} with undefined contents.
   *
   * @param purpose what it is for, named when there is not enough
   */
  Allocation(long bytes, String purpose) {
    boolean huge = MADVISE != null && bytes >= 2 * HUGE_PAGE;
    long alignment = huge ? HUGE_PAGE : ALIGNMENT;
    this.bytes = bytes;
    this.allocated = malloc(bytes + alignment);
    if (allocated == 0) {
      throw new OutOfMemoryError(
          "%s: %,d bytes of memory are needed, and the system has not got them"
              .formatted(purpose, bytes));
    }
    this.address = (allocated + alignment - 1) & -alignment;
    if (huge) {
      adviseHugePages(address, bytes);
    }
  }

  long address() {
    return address;
  }

  long bytes() {
    return bytes;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      free(allocated);
    }
  }

  private static MethodHandle function(String name, FunctionDescriptor type) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type);
  }

  private static long malloc(long bytes) {
    try {
      return (long) MALLOC.invokeExact(bytes);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static void free(long address) {
    try {
      FREE.invokeExact(address);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Fewer page faults and TLB misses; advice, so a refusal does not matter. */
  private static void adviseHugePages(long address, long bytes) {
    try {
      int refused = (int) MADVISE.invokeExact(address, bytes & -HUGE_PAGE, MADV_HUGEPAGE);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }
}
