package io.whetstone.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Queue, memory, arguments and messages, on the stand-in GPU, whose work is done late. */
class GpuTest {
  private static final long MEMORY = 4L << 30;

  private StandIn standIn;
  private Gpu gpu;
  private long before;

  @BeforeEach
  void open() {
    standIn = StandIn.fast();
    standIn.late(true);
    before = standIn.allocations();
    gpu = standIn.open();
  }

  @AfterEach
  void close() {
    if (gpu != null) {
      gpu.close();
      standIn.late(false);
      standIn.memory(MEMORY);
      assertEquals("", standIn.reports());
      assertEquals(before, standIn.allocations(), "memory that was not freed");
    }
  }

  private static byte[] bytes(int size) {
    byte[] bytes = new byte[size];
    new Random(size).nextBytes(bytes);
    return bytes;
  }

  /** Sizes around the pieces that cross the bus. */
  @Test
  void copiesComeBack() {
    for (int size : new int[] {0, 1, 4095, 4 << 20, (4 << 20) + 2, 13 << 20}) {
      byte[] bytes = bytes(size);
      byte[] changed = bytes.clone();
      try (DeviceMemory.Block block = gpu.memory().allocate(2L * size + 512, "copies")) {
        long second = block.address() + (size + 255) / 256 * 256;
        gpu.queue().copyToDevice(MemorySegment.ofArray(changed), block.address());
        Arrays.fill(changed, (byte) 1);
        gpu.queue().copy(block.address(), second, size);
        byte[] back = new byte[size];
        gpu.queue().copyToHost(second, MemorySegment.ofArray(back));
        assertArrayEquals(bytes, back, "bytes: " + size);
      }
    }
  }

  @Test
  void patternsAreFilledIn() {
    try (DeviceMemory.Block block = gpu.memory().allocate(64, "patterns")) {
      gpu.queue().fill(block.address(), 0x01020304, 16);
      gpu.queue().fill(block.address() + 2, (short) 0x0506, 3);
      gpu.queue().zero(block.address() + 10, 6);
      byte[] got = new byte[20];
      gpu.queue().copyToHost(block.address(), MemorySegment.ofArray(got));
      byte[] expected = {4, 3, 6, 5, 6, 5, 6, 5, 4, 3, 0, 0, 0, 0, 0, 0, 4, 3, 2, 1};
      assertArrayEquals(expected, got);
    }
  }

  /** More than the ring holds, while nothing of it has been copied yet. */
  @Test
  void controlArraysStayUntilLaterOnesPushThemOut() {
    record Sent(long address, int[] numbers) {}

    Deque<Sent> recent = new ArrayDeque<>();
    Random random = new Random(1);
    int checked = 0;
    for (int i = 0; i < 2000; i++) {
      int[] numbers = random.ints(random.nextInt(i < 1500 ? 2000 : 20_000)).toArray();
      recent.add(new Sent(gpu.control().ints(numbers), numbers));
      if (recent.size() > 7) {
        Sent oldest = recent.remove();
        if (i % 50 == 0) {
          int[] got = new int[oldest.numbers.length];
          gpu.queue().copyToHost(oldest.address, MemorySegment.ofArray(got));
          assertArrayEquals(oldest.numbers, got);
          checked++;
        }
      }
    }
    assertTrue(checked > 30);
  }

  @Test
  void controlArraysOfEveryType() {
    long longs = gpu.control().longs(new long[] {Long.MIN_VALUE, 7});
    long floats = gpu.control().floats(new float[] {1.5f, Float.NaN, -0.0f});
    long doubles = gpu.control().doubles(new double[] {Math.PI});
    long none = gpu.control().ints(new int[0]);
    assertNotEquals(0, none);
    long[] gotLongs = new long[2];
    float[] gotFloats = new float[3];
    double[] gotDoubles = new double[1];
    gpu.queue().copyToHost(longs, MemorySegment.ofArray(gotLongs));
    gpu.queue().copyToHost(floats, MemorySegment.ofArray(gotFloats));
    gpu.queue().copyToHost(doubles, MemorySegment.ofArray(gotDoubles));
    assertArrayEquals(new long[] {Long.MIN_VALUE, 7}, gotLongs);
    assertArrayEquals(new float[] {1.5f, Float.NaN, -0.0f}, gotFloats);
    assertArrayEquals(new double[] {Math.PI}, gotDoubles);
  }

  @Test
  void temporariesAreTheSameUntilMoreIsAskedFor() {
    Temporaries temporaries = gpu.temporaries();
    long small = temporaries.reserve("one", 1000);
    long other = temporaries.reserve("other", 1000);
    assertNotEquals(small, other);
    assertEquals(small, temporaries.reserve("one", 10));
    assertEquals(small, temporaries.reserve("one", 1000));
    long large = temporaries.reserve("one", 1 << 20);
    assertEquals(large, temporaries.reserve("one", 1000));
    assertEquals(1 << 20, gpu.memory().held().get("one"));
  }

  @Test
  void argumentsArriveAsTheirTypes() {
    int n = 1000;
    int[] x = new Random(2).ints(n, -1000, 1000).toArray();
    long from = gpu.control().ints(x);
    long to = gpu.temporaries().reserve("sums", 8L * n);
    for (int factor : new int[] {1, 3}) {
      Kernel kernel =
          factor == 1
              ? gpu.kernel("trial.cu", "addUp")
              : gpu.kernel("trial.cu", "addUp", "FACTOR=" + factor);
      kernel
          .begin()
          .pointer(from)
          .integer(-7)
          .longInteger(1L << 40)
          .number(0.25f)
          .real(0.1)
          .integer(n)
          .pointer(to)
          .launch(Math.ceilDiv(n, 128), 128);
      double[] got = new double[n];
      gpu.queue().copyToHost(to, MemorySegment.ofArray(got));
      for (int i = 0; i < n; i++) {
        assertEquals(factor * (x[i] - 7 + (1L << 40) + 0.25 + 0.1), got[i], 1e-3);
      }
    }
  }

  /** Steps that differ only in what their arrays hold, as those of decoding do. */
  @Test
  void whatRepeatsItselfIsReplayed() {
    int n = 1000;
    int kernels = 12;
    long to = gpu.temporaries().reserve("sums", 8L * n * kernels);
    double[] got = new double[n];
    Kernel kernel = gpu.kernel("trial.cu", "addUp");
    for (int step = 0; step < 10; step++) {
      int[] x = new Random(step).ints(n + step, -1000, 1000).toArray();
      long from = gpu.control().ints(x);
      gpu.queue().fill(to, 0, 2L * n * kernels);
      for (int k = 0; k < kernels; k++) {
        kernel.begin().pointer(from).integer(k).longInteger(0).number(0).real(0).integer(n);
        kernel.pointer(to + 8L * n * k).launch(Math.ceilDiv(n, 128), 128);
      }
      gpu.queue().copy(to, to + 8L * n * 5, 8L * n);
      for (int k : new int[] {0, 5, kernels - 1}) {
        gpu.queue().copyToHost(to + 8L * n * k, MemorySegment.ofArray(got));
        for (int i = 0; i < n; i++) {
          assertEquals(x[i] + (k == 5 ? 0 : k), got[i]);
        }
      }
    }
    assertEquals(6, gpu.queue().replays().replayed(), "of two kinds of step, from the third on");
  }

  /** What cannot be captured is queued by itself and not tried again; other work has its graphs. */
  @Test
  void workWithoutAGraphIsQueuedByItself() {
    standIn.brokenCaptures(1);
    PrintStream before = System.err;
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    System.setErr(new PrintStream(said, true));
    try {
      repeat(0, 6);
      assertEquals(0, gpu.queue().replays().replayed(), "there was no graph");
      repeat(1, 6);
      assertEquals(4, gpu.queue().replays().replayed(), "other work, from the third on");
      // So many kinds of work that the first is forgotten, but for its failure.
      for (int other = 2; other < 2000; other++) {
        repeat(other, 1);
      }
      repeat(0, 6);
      assertEquals(4, gpu.queue().replays().replayed(), "it was tried again");
      standIn.brokenCaptures(1);
      repeat(2000, 6);
      assertEquals(4, gpu.queue().replays().replayed(), "there was no graph");
    } finally {
      System.setErr(before);
    }
    assertEquals(1, said.toString().lines().count(), said.toString());
    assertTrue(said.toString().contains("operation not permitted when stream is capturing"));
  }

  /** Adds a number up, twelve times, in steps that are all the same; each is looked at. */
  private void repeat(int number, int steps) {
    long sum = gpu.temporaries().reserve("sum", Integer.BYTES);
    int[] got = new int[1];
    for (int step = 0; step < steps; step++) {
      gpu.queue().fill(sum, number, 1);
      for (int i = 0; i < 12; i++) {
        gpu.kernel("trial.cu", "addOne").begin().pointer(sum).launch(1, 32);
      }
      gpu.queue().copyToHost(sum, MemorySegment.ofArray(got));
      assertEquals(number + 12, got[0]);
    }
  }

  /** Whatever the compiler of Java has made of it by then. */
  @Test
  void notingWorkDownAllocatesNothing() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    Products products = new Products(gpu, new Elementwise(gpu), new QuantizedWeights(gpu));
    try (CudaWorkspace memory = new CudaWorkspace(gpu, "allocation", false)) {
      Tensor x = memory.zeros(DType.F32, 16, 16);
      CudaLinear w = products.linear(x, DType.F32);
      int[] ids = new int[16];
      long least = Long.MAX_VALUE;
      for (int round = 0; round < 5; round++) {
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 100; i++) {
          long at = DeviceMemory.address(x);
          products.forward(w, at, 16, 0, 16, at + 512, DType.F32, true);
          gpu.kernel("trial.cu", "addUp").begin().pointer(gpu.control().ints(ids)).integer(i);
          gpu.kernel("trial.cu", "addUp").longInteger(1).number(1).real(1).integer(0).tensor(x);
          gpu.kernel("trial.cu", "addUp").launch(1, 32);
          gpu.queue().fill(at, 0, 1);
        }
        least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        gpu.queue().synchronize();
      }
      assertEquals(0, least);
      w.close();
    }
    products.close();
  }

  @Test
  void aBlockMayHaveMoreSharedMemoryThanUsual() {
    long to = gpu.temporaries().reserve("numbers", 4L * 6);
    for (int bytes : new int[] {1024, 100_000, 200_000}) {
      gpu.kernel("trial.cu", "number")
          .begin()
          .integer(bytes / 4 - 1)
          .pointer(to)
          .launch(3, 2, 64, bytes);
      int[] got = new int[6];
      gpu.queue().copyToHost(to, MemorySegment.ofArray(got));
      assertArrayEquals(new int[] {0, 1, 2, 3, 4, 5}, got);
    }
  }

  @Test
  void launchesThatCannotBeAreRefusedByName() {
    Kernel kernel = gpu.kernel("trial.cu", "number").begin().integer(0).pointer(0);
    kernel.launch(0, 5, 32, 0);
    kernel.launch(5, 0, 32, 0);
    assertMessage("kernel number of trial.cu", () -> kernel.launch(1, 65_536, 32, 0));
    assertMessage("threads 1 to 1024", () -> kernel.launch(1, 1025));
    assertMessage("bytes of shared memory a block", () -> kernel.launch(1, 1, 32, 300_000));
    Kernel unknown = gpu.kernel("trial.cu", "nobody").begin();
    assertMessage("nobody", () -> unknown.launch(1, 32));
  }

  private static void assertMessage(String part, Runnable call) {
    String message = assertThrows(RuntimeException.class, call::run).getMessage();
    assertTrue(message.contains(part), message);
  }

  @Test
  void outOfMemoryNamesTheLargestHolderAndWhatMakesItSmaller() {
    standIn.memory(256L << 20);
    try (CudaWorkspace activations = new CudaWorkspace(gpu, "activations", false);
        CudaWorkspace weights = new CudaWorkspace(gpu, "weights", false)) {
      weights.tensor(DType.F32, 8 << 20);
      activations.tensor(DType.F32, 32 << 20);
      String message =
          assertThrows(OutOfMemoryError.class, () -> weights.tensor(DType.F32, 48 << 20))
              .getMessage();
      for (String part :
          List.of(
              "weights needs 192.0 MiB more",
              "of 256.0 MiB are free",
              "The largest holder is activations with 128.0 MiB: lower micro-batch-tokens")) {
        assertTrue(message.contains(part), message);
      }
      assertTrue(weights.tensor(DType.F32, 1 << 20).size() > 0, "the queue goes on");
    }
  }

  /** The pool keeps it for the next allocation, which the driver counts as taken. */
  @Test
  void whatIsFreedIsFree() {
    long bytes = 64L << 20;
    long before = gpu.memory().room().free();
    DeviceMemory.Block block = gpu.memory().allocate(bytes, "freed");
    assertEquals(before - bytes, gpu.memory().room().free());
    block.close();
    gpu.queue().synchronize();
    assertTrue(gpu.driver().memory()[0] <= before - bytes, "the pool keeps nothing");
    assertEquals(before, gpu.memory().room().free());
    gpu.memory().trim();
    assertTrue(gpu.driver().memory()[0] > before - bytes, "the pool is not trimmed");
  }

  /** Kernels take tensors of the host's memory like others. */
  @Test
  void aWorkspaceMayLieInTheHostsMemory() {
    long held = gpu.memory().held().values().stream().mapToLong(Long::longValue).sum();
    try (CudaWorkspace workspace = new CudaWorkspace(gpu, "optimizer", true)) {
      Tensor tensor = workspace.zeros(DType.F32, 3, 5);
      gpu.queue().fill(DeviceMemory.address(tensor), Float.floatToRawIntBits(2.5f), 7);
      float[] got = new float[15];
      gpu.queue().copyToHost(DeviceMemory.address(tensor), MemorySegment.ofArray(got));
      float[] expected = new float[15];
      Arrays.fill(expected, 0, 7, 2.5f);
      assertArrayEquals(expected, got);
      long inHost =
          MemorySegment.ofAddress(DeviceMemory.address(tensor))
              .reinterpret(4)
              .get(ValueLayout.JAVA_INT, 0);
      assertEquals(Float.floatToRawIntBits(2.5f), inHost);
    }
    assertEquals(held, gpu.memory().held().values().stream().mapToLong(Long::longValue).sum());
  }

  @Test
  void anotherThreadMayGoOn() {
    long from = gpu.control().ints(new int[] {1, 2, 3});
    int[] got = new int[3];
    CompletableFuture.runAsync(() -> gpu.queue().copyToHost(from, MemorySegment.ofArray(got)))
        .join();
    assertArrayEquals(new int[] {1, 2, 3}, got);
    gpu.queue().synchronize();
  }

  @Test
  void anotherThreadMayFree() {
    DeviceMemory.Block block = gpu.memory().allocate(1024, "freed elsewhere");
    gpu.queue().synchronize();
    CompletableFuture.runAsync(block::close).join();
    gpu.queue().synchronize();
    assertEquals(null, gpu.memory().held().get("freed elsewhere"));
  }

  @Test
  void itSaysWhatDecidesBits() {
    String description = gpu.description();
    for (String part : List.of("sm_", "driver of CUDA", "NVRTC", "cuBLASLt")) {
      assertTrue(description.contains(part), description);
    }
  }

  @Test
  void aDeviceThatIsNotThereIsRefused() {
    System.setProperty(Gpu.DEVICE, "3");
    try {
      String message = assertThrows(IllegalStateException.class, Gpu::open).getMessage();
      assertTrue(message.contains("-Dwhetstone.cuda.device=3: there are 1 GPUs"), message);
    } finally {
      System.clearProperty(Gpu.DEVICE);
    }
  }
}
