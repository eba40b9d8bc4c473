package io.whetstone.cuda;

import io.whetstone.cuda.driver.CublasLt;
import io.whetstone.cuda.driver.CudaException;
import io.whetstone.cuda.driver.Driver;
import io.whetstone.cuda.driver.Libraries;
import java.lang.foreign.Arena;

/** One GPU: its context, queue, memory and compiled kernels. One thread at a time calls. */
final class Gpu implements AutoCloseable {
  /** Which of the visible devices is used; 0 where it is not said. */
  static final String DEVICE = "whetstone.cuda.device";

  /** The oldest GPUs that multiply bfloat16 in tensor cores: Ampere. */
  private static final int OLDEST = 80;

  private static final String[] NO_DEFINES = {};

  private final Arena arena = Arena.ofShared();
  private final boolean waits = Boolean.getBoolean(Driver.WAIT);

  /** By the hash of names, in the next free place: a lookup allocates nothing. */
  private Kernel[] kernels = new Kernel[256];

  private int kernelCount;
  private final Libraries libraries;
  private final int device;
  private final long context;
  private final String name;
  private final int computeCapability;
  private final int multiprocessors;
  private final int sharedMemoryPerBlock;
  private final WorkQueue queue;
  private final DeviceMemory memory;
  private final ControlMemory control;
  private final Temporaries temporaries;
  private final KernelCompiler compiler;
  private final CublasLt products;
  private boolean closed;

  private Gpu(Libraries libraries, int device) {
    Driver driver = libraries.driver();
    this.libraries = libraries;
    this.device = device;
    name = driver.name(device);
    computeCapability = driver.computeCapability(device);
    multiprocessors = driver.multiprocessors(device);
    sharedMemoryPerBlock = driver.sharedMemoryPerBlock(device);
    context = driver.retainContext(device);
    driver.enter(context);
    queue = new WorkQueue(driver, context, arena, waits);
    memory = new DeviceMemory(driver, device, queue);
    control = new ControlMemory(driver, queue, memory);
    temporaries = new Temporaries(memory);
    compiler = new KernelCompiler(libraries, computeCapability, KernelCompiler.cache());
    products = libraries.products().open();
  }

  /**
   * Opens the device that {@link #DEVICE} says.
   *
   * @throws IllegalStateException when there is none that can be used, saying why and how to mend
   *     it
   */
  static Gpu open() {
    Libraries libraries = Libraries.find();
    int device = device(libraries.driver());
    try {
      return new Gpu(libraries, device);
    } catch (CudaException e) {
      throw new IllegalStateException(
          "%s cannot be opened: %s. Another process may hold it, or all of its memory: look at"
                  .formatted(libraries.driver().name(device), e.getMessage())
              + " nvidia-smi",
          e);
    }
  }

  /** Fails as {@link #open} does, without opening anything. */
  static void look() {
    device(Libraries.find().driver());
  }

  private static int device(Driver driver) {
    int count = driver.devices();
    int ordinal = Integer.getInteger(DEVICE, 0);
    if (ordinal < 0 || ordinal >= count) {
      throw new IllegalStateException(
          count == 0
              ? "the driver sees no NVIDIA GPU: look at nvidia-smi and CUDA_VISIBLE_DEVICES"
              : "-D%s=%d: there are %d GPUs, 0 to %d".formatted(DEVICE, ordinal, count, count - 1));
    }
    int device = driver.device(ordinal);
    int capability = driver.computeCapability(device);
    if (capability < OLDEST) {
      throw new IllegalStateException(
          "%s has compute capability %d.%d; kernels need 8.0 (Ampere, 2020) or newer"
              .formatted(driver.name(device), capability / 10, capability % 10));
    }
    if (!driver.hasMemoryPools(device)) {
      throw new IllegalStateException(
          driver.name(device) + " has no stream-ordered memory pools with this driver");
    }
    return device;
  }

  /** The kernel of that name, compiled at its first launch. */
  Kernel kernel(String file, String name) {
    return kernel(file, name, NO_DEFINES);
  }

  /** The kernel of that name in its file compiled with defines. */
  Kernel kernel(String file, String name, String... defines) {
    int place = place(name, defines);
    while (kernels[place] != null && !kernels[place].is(file, name, defines)) {
      place = place + 1 & kernels.length - 1;
    }
    if (kernels[place] == null) {
      kernels[place] = new Kernel(this, file, name, defines);
      if (++kernelCount > kernels.length / 2) {
        grow();
        return kernel(file, name, defines);
      }
    }
    return kernels[place];
  }

  private int place(String name, String... defines) {
    int hash = defines.length == 0 ? name.hashCode() : name.hashCode() ^ defines[0].hashCode();
    return (hash ^ hash >>> 16) & kernels.length - 1;
  }

  private void grow() {
    Kernel[] before = kernels;
    kernels = new Kernel[2 * before.length];
    for (Kernel kernel : before) {
      if (kernel != null) {
        int place = place(kernel.name(), kernel.defines());
        while (kernels[place] != null) {
          place = place + 1 & kernels.length - 1;
        }
        kernels[place] = kernel;
      }
    }
  }

  /** The driver's handle of a compiled kernel. */
  long function(String file, String name, String... defines) {
    return compiler.function(file, name, defines);
  }

  WorkQueue queue() {
    return queue;
  }

  DeviceMemory memory() {
    return memory;
  }

  /** Small arrays of the host's for kernels. */
  ControlMemory control() {
    return control;
  }

  /** Scratch that grows and is kept. */
  Temporaries temporaries() {
    return temporaries;
  }

  Driver driver() {
    return libraries.driver();
  }

  /** cuBLASLt, on this GPU's context. */
  CublasLt products() {
    return products;
  }

  /** Lives as long as the GPU is open. */
  Arena arena() {
    return arena;
  }

  /** As people know it. */
  String name() {
    return name;
  }

  int multiprocessors() {
    return multiprocessors;
  }

  /** Bytes that a block may have at most. */
  int sharedMemoryPerBlock() {
    return sharedMemoryPerBlock;
  }

  /** One line: the GPU and the libraries, which decide bits. */
  String description() {
    int version = libraries.driver().version();
    return "%s (sm_%d), driver of CUDA %d.%d, NVRTC %s, cuBLASLt %s"
        .formatted(
            name,
            computeCapability,
            version / 1000,
            version % 1000 / 10,
            libraries.compiler().version(),
            libraries.products().version());
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      queue.synchronize();
      control.close();
      temporaries.close();
      // Its graphs have kernels of the modules that the compiler unloads.
      queue.close();
      memory.trim();
      compiler.close();
      products.close();
      arena.close();
      libraries.driver().releaseContext(device);
    }
  }
}
