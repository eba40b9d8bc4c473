package io.whetstone.cuda.driver;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * What is used of NVIDIA's driver, libcuda (cuda.h). Handles and device addresses are longs.
 *
 * <p>A code other than success becomes a {@link CudaException} with the driver's own words. Calls
 * that are made for every kernel allocate nothing.
 */
public final class Driver {
  /** The property that says true to wait for every kernel, so that one that fails is named. */
  public static final String WAIT = "whetstone.cuda.wait";

  /** There is not enough memory on the device. */
  public static final int OUT_OF_MEMORY = 2;

  // What kernels can end with.
  private static final int FIRST_OF_KERNELS = 700;
  private static final int LAST_OF_KERNELS = 719;

  private static final int MULTIPROCESSORS = 16;
  private static final int COMPUTE_CAPABILITY_MAJOR = 75;
  private static final int COMPUTE_CAPABILITY_MINOR = 76;
  private static final int SHARED_MEMORY_PER_BLOCK_OPT_IN = 97;
  private static final int MEMORY_POOLS_SUPPORTED = 115;
  private static final int DYNAMIC_SHARED_BYTES = 8;
  private static final int RELEASE_THRESHOLD = 4;
  private static final int RESERVED_BYTES = 5;
  private static final int USED_BYTES = 7;
  private static final int STREAM_NON_BLOCKING = 1;
  private static final int EVENT_DISABLE_TIMING = 2;
  private static final int CAPTURE_THREAD_LOCAL = 1;
  private static final int PORTABLE = 1;
  private static final int MAPPED = 2;

  private final NativeLibrary library;
  private final MemorySegment ctxSetCurrent;
  private final MemorySegment streamSynchronize;
  private final MemorySegment eventRecord;
  private final MemorySegment eventSynchronize;
  private final MemorySegment memAllocAsync;
  private final MemorySegment memFreeAsync;
  private final MemorySegment copyToDevice;
  private final MemorySegment copyToHost;
  private final MemorySegment copy;
  private final MemorySegment fill32;
  private final MemorySegment fill16;
  private final MemorySegment launchKernel;
  private final MemorySegment graphLaunch;
  private final int version;

  /**
   * Looks up the functions and asks the driver to start.
   *
   * @throws CudaException when it cannot, say because there is no device
   * @throws IllegalStateException when it is too old
   */
  Driver(NativeLibrary library) {
    this.library = library;
    ctxSetCurrent = library.function("cuCtxSetCurrent");
    streamSynchronize = library.function("cuStreamSynchronize");
    eventRecord = library.function("cuEventRecord");
    eventSynchronize = library.function("cuEventSynchronize");
    memAllocAsync = library.function("cuMemAllocAsync");
    memFreeAsync = library.function("cuMemFreeAsync");
    copyToDevice = library.function("cuMemcpyHtoDAsync_v2");
    copyToHost = library.function("cuMemcpyDtoHAsync_v2");
    copy = library.function("cuMemcpyDtoDAsync_v2");
    fill32 = library.function("cuMemsetD32Async");
    fill16 = library.function("cuMemsetD16Async");
    launchKernel = library.function("cuLaunchKernel");
    graphLaunch = library.function("cuGraphLaunch");
    check("cuInit", Native.call(library.function("cuInit"), 0));
    version = integer("cuDriverGetVersion");
  }

  /** Where the library lies. */
  public String file() {
    return library.file();
  }

  /** The newest CUDA that the driver knows: 1000 · major + 10 · minor. */
  public int version() {
    return version;
  }

  private void check(String function, int code) {
    if (code != 0) {
      throw failure(function, code);
    }
  }

  private CudaException failure(String function, int code) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocate(JAVA_LONG);
      int unknown = Native.call(library.function("cuGetErrorString"), code, text.address());
      long address = text.get(JAVA_LONG, 0);
      String words = unknown != 0 || address == 0 ? "unknown error" : Native.string(address);
      return new CudaException(function, code, hint(code, words));
    }
  }

  /** What a kernel did shows when something is asked of the driver later. */
  private static String hint(int code, String words) {
    return code < FIRST_OF_KERNELS || code > LAST_OF_KERNELS || Boolean.getBoolean(WAIT)
        ? words
        : words + "; a kernel did that: -D" + WAIT + "=true waits for each and names it";
  }

  private int integer(String function) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(JAVA_INT);
      check(function, Native.call(library.function(function), value.address()));
      return value.get(JAVA_INT, 0);
    }
  }

  // ---- devices and contexts

  /** How many devices the process may use. */
  public int devices() {
    return integer("cuDeviceGetCount");
  }

  /** The device's handle. */
  public int device(int ordinal) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment device = arena.allocate(JAVA_INT);
      check("cuDeviceGet", Native.call(library.function("cuDeviceGet"), device.address(), ordinal));
      return device.get(JAVA_INT, 0);
    }
  }

  /** As people know it: {@code NVIDIA H200}. */
  public String name(int device) {
    int most = 256;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocate(most);
      check(
          "cuDeviceGetName",
          Native.call(library.function("cuDeviceGetName"), name.address(), most, device));
      return name.getString(0);
    }
  }

  private int attribute(int attribute, int device) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(JAVA_INT);
      check(
          "cuDeviceGetAttribute",
          Native.call(
              library.function("cuDeviceGetAttribute"), value.address(), attribute, device));
      return value.get(JAVA_INT, 0);
    }
  }

  public int multiprocessors(int device) {
    return attribute(MULTIPROCESSORS, device);
  }

  /** 10 · major + minor. */
  public int computeCapability(int device) {
    return 10 * attribute(COMPUTE_CAPABILITY_MAJOR, device)
        + attribute(COMPUTE_CAPABILITY_MINOR, device);
  }

  /** Bytes that a block may have when its kernel asks for more than 48 KiB. */
  public int sharedMemoryPerBlock(int device) {
    return attribute(SHARED_MEMORY_PER_BLOCK_OPT_IN, device);
  }

  public boolean hasMemoryPools(int device) {
    return attribute(MEMORY_POOLS_SUPPORTED, device) != 0;
  }

  /** Takes hold of the device's primary context. */
  public long retainContext(int device) {
    return handle("cuDevicePrimaryCtxRetain", device);
  }

  public void releaseContext(int device) {
    String function = "cuDevicePrimaryCtxRelease_v2";
    check(function, Native.call(library.function(function), device));
  }

  /** Makes the context the calling thread's. */
  public void enter(long context) {
    check("cuCtxSetCurrent", Native.call(ctxSetCurrent, context));
  }

  // ---- streams and events

  private long handle(String function, int argument) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment handle = arena.allocate(JAVA_LONG);
      check(function, Native.call(library.function(function), handle.address(), argument));
      return handle.get(JAVA_LONG, 0);
    }
  }

  private void release(String function, long handle) {
    check(function, Native.call(library.function(function), handle));
  }

  public long createStream() {
    return handle("cuStreamCreate", STREAM_NON_BLOCKING);
  }

  public void destroyStream(long stream) {
    release("cuStreamDestroy_v2", stream);
  }

  /** Waits until everything that was queued is done. */
  public void synchronize(long stream) {
    check("cuStreamSynchronize", Native.call(streamSynchronize, stream));
  }

  /** An event that takes no time. */
  public long createEvent() {
    return handle("cuEventCreate", EVENT_DISABLE_TIMING);
  }

  public void destroyEvent(long event) {
    release("cuEventDestroy_v2", event);
  }

  /** The event happens when what is queued now is done. */
  public void record(long event, long stream) {
    check("cuEventRecord", Native.call(eventRecord, event, stream));
  }

  /** Waits for the event; one that was never recorded has happened. */
  public void await(long event) {
    check("cuEventSynchronize", Native.call(eventSynchronize, event));
  }

  // ---- memory

  /** Keeps what is freed for the next allocation, in the device's own pool, which is returned. */
  public long keepFreedMemory(int device) {
    long pool = handle("cuDeviceGetDefaultMemPool", device);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocateFrom(JAVA_LONG, -1L);
      check(
          "cuMemPoolSetAttribute",
          Native.call(
              library.function("cuMemPoolSetAttribute"), pool, RELEASE_THRESHOLD, bytes.address()));
    }
    return pool;
  }

  /** Gives what the pool holds and nobody uses back to the device. */
  public void trim(long pool) {
    check("cuMemPoolTrimTo", Native.call(library.function("cuMemPoolTrimTo"), pool, 0L));
  }

  /**
   * Bytes that the pool holds and nobody uses. The device counts them as taken, and they are there
   * for the next allocation.
   */
  public long unused(long pool) {
    return poolBytes(pool, RESERVED_BYTES) - poolBytes(pool, USED_BYTES);
  }

  private long poolBytes(long pool, int attribute) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocate(JAVA_LONG);
      check(
          "cuMemPoolGetAttribute",
          Native.call(library.function("cuMemPoolGetAttribute"), pool, attribute, bytes.address()));
      return bytes.get(JAVA_LONG, 0);
    }
  }

  /** Bytes of the device's memory: free now, then all there are. */
  public long[] memory() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocate(JAVA_LONG, 2);
      check(
          "cuMemGetInfo",
          Native.call(
              library.function("cuMemGetInfo_v2"), bytes.address(), bytes.address() + Long.BYTES));
      return bytes.toArray(JAVA_LONG);
    }
  }

  /** Device memory in the order of the stream; 0 when there is not enough. */
  public long allocate(long bytes, long stream) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address = arena.allocate(JAVA_LONG);
      int code = Native.call(memAllocAsync, address.address(), bytes, stream);
      if (code == OUT_OF_MEMORY) {
        return 0;
      }
      check("cuMemAllocAsync", code);
      return address.get(JAVA_LONG, 0);
    }
  }

  public void free(long address, long stream) {
    check("cuMemFreeAsync", Native.call(memFreeAsync, address, stream));
  }

  /** Page-locked memory of the host's, which the device sees at the same address. */
  public MemorySegment allocatePinned(long bytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address = arena.allocate(JAVA_LONG);
      check(
          "cuMemHostAlloc",
          Native.call(
              library.function("cuMemHostAlloc"), address.address(), bytes, PORTABLE | MAPPED));
      return MemorySegment.ofAddress(address.get(JAVA_LONG, 0)).reinterpret(bytes);
    }
  }

  public void freePinned(MemorySegment memory) {
    release("cuMemFreeHost", memory.address());
  }

  /** Queues a copy from the host. */
  public void copyToDevice(long from, long to, long bytes, long stream) {
    check("cuMemcpyHtoDAsync", Native.call(copyToDevice, to, from, bytes, stream));
  }

  /** Queues a copy to the host. */
  public void copyToHost(long from, long to, long bytes, long stream) {
    check("cuMemcpyDtoHAsync", Native.call(copyToHost, to, from, bytes, stream));
  }

  /** Queues a copy on the device. */
  public void copy(long from, long to, long bytes, long stream) {
    check("cuMemcpyDtoDAsync", Native.call(copy, to, from, bytes, stream));
  }

  /** Queues writing a pattern {@code count} times. */
  public void fill(long to, int pattern, long count, long stream) {
    check("cuMemsetD32Async", Native.call(fill32, to, pattern, count, stream));
  }

  /** Queues writing a pattern of two bytes {@code count} times. */
  public void fill(long to, short pattern, long count, long stream) {
    check("cuMemsetD16Async", Native.call(fill16, to, (char) pattern, count, stream));
  }

  // ---- kernels

  /** Loads compiled kernels. */
  public long loadModule(MemorySegment image) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment module = arena.allocate(JAVA_LONG);
      check(
          "cuModuleLoadData",
          Native.call(library.function("cuModuleLoadData"), module.address(), image.address()));
      return module.get(JAVA_LONG, 0);
    }
  }

  public void unloadModule(long module) {
    release("cuModuleUnload", module);
  }

  public long function(long module, String name) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment function = arena.allocate(JAVA_LONG);
      check(
          "cuModuleGetFunction of " + name,
          Native.call(
              library.function("cuModuleGetFunction"),
              function.address(),
              module,
              arena.allocateFrom(name).address()));
      return function.get(JAVA_LONG, 0);
    }
  }

  /** Lets a kernel have so much dynamic shared memory a block, which may be over 48 KiB. */
  public void allowSharedMemory(long function, int bytes) {
    check(
        "cuFuncSetAttribute",
        Native.call(library.function("cuFuncSetAttribute"), function, DYNAMIC_SHARED_BYTES, bytes));
  }

  /**
   * Queues a kernel on a grid of gridX × gridY blocks.
   *
   * @param parameters the address of an array of the arguments' addresses
   */
  public void launch(
      long function,
      int gridX,
      int gridY,
      int threads,
      int sharedBytes,
      long stream,
      long parameters) {
    check(
        "cuLaunchKernel",
        Native.launch(
            launchKernel, function, gridX, gridY, threads, sharedBytes, stream, parameters));
  }

  // ---- graphs

  /** From here on what this thread queues is noted down instead of run. */
  public void beginCapture(long stream) {
    check(
        "cuStreamBeginCapture",
        Native.call(library.function("cuStreamBeginCapture_v2"), stream, CAPTURE_THREAD_LOCAL));
  }

  /** The graph of what was noted down. */
  public long endCapture(long stream) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment graph = arena.allocate(JAVA_LONG);
      check(
          "cuStreamEndCapture",
          Native.call(library.function("cuStreamEndCapture"), stream, graph.address()));
      return graph.get(JAVA_LONG, 0);
    }
  }

  /** Makes a graph ready to run. */
  public long instantiate(long graph) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment executable = arena.allocate(JAVA_LONG);
      check(
          "cuGraphInstantiateWithFlags",
          Native.call(
              library.function("cuGraphInstantiateWithFlags"), executable.address(), graph, 0L));
      return executable.get(JAVA_LONG, 0);
    }
  }

  /** Queues everything in the graph. */
  public void run(long executable, long stream) {
    check("cuGraphLaunch", Native.call(graphLaunch, executable, stream));
  }

  public void destroyGraph(long graph) {
    release("cuGraphDestroy", graph);
  }

  public void destroyExecutable(long executable) {
    release("cuGraphExecDestroy", executable);
  }
}
