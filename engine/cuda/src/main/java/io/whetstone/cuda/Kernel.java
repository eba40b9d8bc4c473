package io.whetstone.cuda;

import io.whetstone.cuda.driver.CudaException;
import io.whetstone.tensor.Tensor;
import java.util.Arrays;

/**
 * One kernel with its arguments, in the order of its parameters:
 *
 * <pre>{@code kernel.begin().tensor(x).tensor(y).longInteger(n).launch(blocks, 256);}</pre>
 *
 * <p>It is compiled at its first launch. One thread at a time calls. A launch allocates nothing.
 */
final class Kernel {
  static final int MOST_ARGUMENTS = 48;

  private static final int MOST_ROWS_OF_BLOCKS = 65_535;

  /** What a block may have without asking. */
  private static final int USUAL_SHARED_BYTES = 48 << 10;

  private final Gpu gpu;
  private final String file;
  private final String name;
  private final String[] defines;

  /** Values, as they lie in eight bytes each. */
  private final long[] arguments = new long[MOST_ARGUMENTS];

  private final int number;
  private long function;
  private int allowedSharedBytes = USUAL_SHARED_BYTES;
  private int count;

  Kernel(Gpu gpu, String file, String name, String... defines) {
    this.gpu = gpu;
    this.file = file;
    this.name = name;
    this.defines = defines;
    this.number = gpu.queue().log().register(this);
  }

  boolean is(String file, String name, String... defines) {
    return this.name.equals(name) && this.file.equals(file) && Arrays.equals(this.defines, defines);
  }

  String name() {
    return name;
  }

  String[] defines() {
    return defines;
  }

  /** Forgets the arguments. */
  Kernel begin() {
    count = 0;
    return this;
  }

  /** A pointer to a tensor's first element; a null pointer for null. */
  Kernel tensor(Tensor tensor) {
    return longInteger(tensor == null ? 0 : DeviceMemory.address(tensor));
  }

  /** A pointer to a device address. */
  Kernel pointer(long address) {
    return longInteger(address);
  }

  /** An int. */
  Kernel integer(int value) {
    arguments[slot()] = value & 0xffffffffL;
    return this;
  }

  /** A long long. */
  Kernel longInteger(long value) {
    arguments[slot()] = value;
    return this;
  }

  /** A float. */
  Kernel number(float value) {
    arguments[slot()] = Float.floatToRawIntBits(value) & 0xffffffffL;
    return this;
  }

  /** A double. */
  Kernel real(double value) {
    arguments[slot()] = Double.doubleToRawLongBits(value);
    return this;
  }

  private int slot() {
    if (count == MOST_ARGUMENTS) {
      throw new IllegalStateException(this + " has more than " + MOST_ARGUMENTS + " arguments");
    }
    return count++;
  }

  /** Queues the kernel on a row of blocks that have no dynamic shared memory. */
  void launch(int gridX, int threads) {
    launch(gridX, 1, threads, 0);
  }

  /** Queues the kernel on gridX × gridY blocks; a grid without blocks does nothing. */
  void launch(int gridX, int gridY, int threads, int sharedBytes) {
    if (gridX < 0 || gridY < 0 || gridY > MOST_ROWS_OF_BLOCKS || threads < 1 || threads > 1024) {
      throw new IllegalArgumentException(
          "%s: a grid of %d × %d blocks of %d threads: y is at most %d, threads 1 to 1024"
              .formatted(this, gridX, gridY, threads, MOST_ROWS_OF_BLOCKS));
    }
    if (gridX == 0 || gridY == 0) {
      return;
    }
    if (function == 0) {
      gpu.queue().enter();
      function = gpu.function(file, name, defines);
    }
    if (sharedBytes > allowedSharedBytes) {
      gpu.queue().enter();
      allowSharedMemory(sharedBytes);
    }
    gpu.queue().launch(number, gridX, gridY, threads, sharedBytes, arguments, count);
  }

  /** The driver's handle, once it was launched. */
  long function() {
    return function;
  }

  private void allowSharedMemory(int bytes) {
    if (bytes > gpu.sharedMemoryPerBlock()) {
      throw new IllegalArgumentException(
          "%s asks for %,d bytes of shared memory a block; %s has %,d"
              .formatted(this, bytes, gpu.name(), gpu.sharedMemoryPerBlock()));
    }
    gpu.driver().allowSharedMemory(function, bytes);
    allowedSharedBytes = bytes;
  }

  /** What is said when the driver refuses it. */
  IllegalStateException failure(
      int gridX, int gridY, int threads, int sharedBytes, CudaException e) {
    return new IllegalStateException(
        "%s on %d × %d blocks of %d threads with %d bytes of shared memory: %s"
            .formatted(this, gridX, gridY, threads, sharedBytes, e.getMessage()),
        e);
  }

  @Override
  public String toString() {
    return "kernel " + name + " of " + file;
  }
}
