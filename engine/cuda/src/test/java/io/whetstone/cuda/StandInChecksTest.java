package io.whetstone.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.cuda.driver.CudaException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The stand-in GPU finds the defects that are planted in defects.cu, at their lines, and none in
 * the right kernels beside them.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StandInChecksTest {
  private static final String FILE = "defects.cu";
  private static final int FLOATS = 1024;

  private StandIn standIn;
  private Gpu gpu;
  private final List<DeviceMemory.Block> blocks = new ArrayList<>();

  @BeforeAll
  void open() {
    standIn = StandIn.checked();
    gpu = standIn.open();
  }

  @AfterEach
  void asBefore() {
    standIn.order(StandIn.Order.ASCENDING);
    blocks.forEach(DeviceMemory.Block::close);
    blocks.clear();
  }

  @AfterAll
  void close() {
    if (gpu != null) {
      gpu.close();
    }
  }

  /** Device memory with these numbers at its end, so that what lies behind it is nobody's. */
  private long floats(int count, float... values) {
    DeviceMemory.Block block = gpu.memory().allocate(4L * count, "test");
    blocks.add(block);
    long address = block.address() + block.bytes() - 4L * count;
    float[] all = new float[count];
    for (int i = 0; i < count && values.length > 0; i++) {
      all[i] = values[i % values.length];
    }
    gpu.queue().copyToDevice(MemorySegment.ofArray(all), address);
    return address;
  }

  private float[] read(long address, int count) {
    float[] values = new float[count];
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment host = arena.allocate(ValueLayout.JAVA_FLOAT, count);
      gpu.queue().copyToHost(address, host);
      MemorySegment.copy(host, ValueLayout.JAVA_FLOAT, 0, values, 0, count);
    }
    return values;
  }

  private Kernel kernel(String name) {
    return gpu.kernel(FILE, name).begin();
  }

  /** A launch, what is to be found, and the thread that is to be named. */
  record Defect(String kernel, String found, String thread, Launch launch) {
    interface Launch {
      void run(StandInChecksTest test, Kernel kernel);
    }

    @Override
    public String toString() {
      return kernel;
    }
  }

  private static Defect defect(String kernel, String found, String thread, Defect.Launch launch) {
    return new Defect(kernel, found, thread, launch);
  }

  static Stream<Defect> defects() {
    return Stream.of(
        defect(
            "beyondGlobal",
            "out of bounds: writes 4 bytes",
            "block (8, 0, 0), thread 0",
            (t, k) -> k.pointer(t.floats(FLOATS)).integer(FLOATS).launch(9, 128)),
        defect(
            "beforeGlobal",
            "out of bounds: reads 4 bytes",
            "block (0, 0, 0), thread 0",
            (t, k) -> k.pointer(t.floats(64)).pointer(t.floats(64)).launch(1, 64)),
        defect("nowhere", "not device memory", "thread 0", (t, k) -> k.pointer(4096).launch(1, 32)),
        defect(
            "beyondStatic",
            "out of bounds: writes 4 bytes at byte 256 of shared part, which has 256",
            "thread 63",
            (t, k) -> k.pointer(t.floats(64)).launch(1, 64)),
        defect(
            "beyondDimension",
            "out of bounds: index 8",
            "thread 7",
            (t, k) -> k.pointer(t.floats(64)).integer(1).launch(1, 64)),
        defect(
            "beyondDynamic",
            "out of bounds: writes 4 bytes at byte 256 of dynamic shared memory, which has 256",
            "thread 64",
            (t, k) -> k.pointer(t.floats(128)).launch(1, 1, 128, 256)),
        defect(
            "beyondRegisters",
            "out of bounds: index 4",
            "thread 0",
            (t, k) -> k.pointer(t.floats(32)).integer(4).launch(1, 32)),
        defect(
            "misalignedVector",
            "misaligned",
            "thread 1",
            (t, k) -> k.pointer(t.floats(64)).pointer(t.floats(64)).launch(1, 32)),
        defect(
            "misalignedCopy",
            "copyAsync16: the global address is not a multiple of 16",
            "thread 0",
            (t, k) -> k.pointer(t.floats(256)).pointer(t.floats(64)).launch(1, 32)),
        defect(
            "misalignedMatrix",
            "ldmatrix: the row's address is not a multiple of 16",
            "thread 1",
            (t, k) -> k.pointer(t.floats(64)).launch(1, 32)),
        defect(
            "matrixOfGlobal",
            "not in shared memory",
            "thread 0",
            (t, k) -> k.pointer(t.floats(256)).pointer(t.floats(64)).launch(1, 32)),
        defect(
            "forgottenBarrier",
            "race: reads byte",
            "thread",
            (t, k) -> k.pointer(t.floats(128)).launch(1, 128)),
        defect(
            "forgottenSecondBarrier",
            "race: writes byte 4 of shared part, which other threads have read",
            "thread 1",
            (t, k) ->
                k.pointer(t.floats(FLOATS, 1)).pointer(t.floats(64)).integer(FLOATS).launch(1, 64)),
        defect(
            "forgottenWarpBarrier",
            "race: reads byte",
            "thread",
            (t, k) -> k.pointer(t.floats(32)).launch(1, 32)),
        defect(
            "severalWriters",
            "race: writes byte 0 of shared total, which thread 0 has written",
            "thread 1",
            (t, k) -> k.pointer(t.floats(32)).launch(1, 32)),
        defect(
            "blocksWriteTheSame",
            "race in global memory: writes",
            "thread",
            (t, k) -> k.pointer(t.floats(32)).launch(2, 32)),
        defect(
            "blocksReadWhatOthersWrite",
            "race in global memory",
            "thread",
            (t, k) -> k.pointer(t.floats(128)).launch(4, 32)),
        defect(
            "nothingWritten",
            "before anything was written there",
            "thread 0",
            (t, k) -> k.pointer(t.floats(64)).launch(1, 64)),
        defect(
            "copyNotWaitedFor",
            "before its asynchronous copy was waited for",
            "thread 0",
            (t, k) -> k.pointer(t.floats(128, 1)).pointer(t.floats(32)).launch(1, 32)),
        defect(
            "copyOfAnotherThread",
            "race: reads byte",
            "thread",
            (t, k) -> k.pointer(t.floats(128, 1)).pointer(t.floats(32)).launch(1, 32)),
        defect(
            "barrierForSome",
            "divergent barrier: thread 0 waits here, thread 50 has ended",
            "block (0, 0, 0)",
            (t, k) -> k.pointer(t.floats(64)).integer(50).launch(1, 64)),
        defect(
            "twoBarriers",
            "divergent barrier: thread 40 waits here, thread 0 at",
            "block (0, 0, 0)",
            (t, k) -> k.pointer(t.floats(64)).launch(1, 64)),
        defect(
            "barrierInAWarp",
            "divergent warp: thread 0 waits at a shuffle for lane 5, which waits at __syncthreads",
            "block (0, 0, 0)",
            (t, k) -> k.pointer(t.floats(32)).launch(1, 32)),
        defect(
            "laneThatEnded",
            "lane 31, which has ended",
            "block (0, 0, 0)",
            (t, k) -> k.pointer(t.floats(32)).launch(1, 32)),
        defect(
            "laneOutsideTheMask",
            "a shuffle reads lane 16, which takes no part in it",
            "block (0, 0, 0)",
            (t, k) -> k.pointer(t.floats(32)).launch(1, 32)),
        defect(
            "twoVotes",
            "divergent warp: a vote here meets the one of lane 0",
            "block (0, 0, 0)",
            (t, k) -> k.pointer(t.floats(32)).launch(1, 32)),
        defect(
            "productOfAPartOfAWarp",
            "mma16816 by a warp of 16 threads",
            "thread 32",
            (t, k) -> k.pointer(t.floats(48)).launch(1, 48)));
  }

  @ParameterizedTest
  @MethodSource("defects")
  void aDefectIsFound(Defect defect) throws IOException {
    Kernel kernel = kernel(defect.kernel());
    standIn.reports();
    try {
      defect.launch().run(this, kernel);
      gpu.queue().synchronize();
    } catch (CudaException | IllegalStateException e) {
      // A GPU would fail, too.
    }
    String report = standIn.reports();
    String at = FILE + ":" + line(defect.kernel()) + ": ";
    assertTrue(
        report
            .lines()
            .anyMatch(
                one ->
                    one.startsWith(defect.kernel() + ", block (")
                        && one.contains(defect.thread())
                        && one.contains(at)
                        && one.contains(defect.found())),
        () -> "expected at " + at + defect.found() + "; " + defect.thread() + "\n" + report);
  }

  /** The line that is marked. */
  private static int line(String kernel) throws IOException {
    try (InputStream in = StandInChecksTest.class.getResourceAsStream("kernels/" + FILE)) {
      List<String> lines = new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
      for (int i = 0; i < lines.size(); i++) {
        if (lines.get(i).endsWith("// HERE " + kernel)) {
          return i + 1;
        }
      }
    }
    throw new IllegalArgumentException("no line is marked for " + kernel);
  }

  @Test
  void memoryThatWasFreedIsNobodys() {
    DeviceMemory.Block block = gpu.memory().allocate(4L * FLOATS, "test");
    block.close();
    gpu.queue().synchronize();
    kernel("nowhere").pointer(block.address()).launch(1, 32);
    RuntimeException failure =
        assertThrows(RuntimeException.class, () -> gpu.queue().synchronize());
    assertTrue(failure.getMessage().contains("illegal memory access"), failure.getMessage());
    assertTrue(failure.getMessage().contains("-Dwhetstone.cuda.wait=true"), failure.getMessage());
    assertTrue(standIn.reports().contains("freed"));
  }

  @Test
  void launchesThatAGpuRefusesAreRefused() {
    long y = floats(2048);
    Kernel bounded = kernel("bounded").pointer(y);
    bounded.launch(1, 65);
    assertThrows(IllegalStateException.class, () -> gpu.queue().synchronize());
    assertTrue(standIn.reports().contains("__launch_bounds__ promised 64"));
    bounded.launch(1, 64);
    gpu.queue().synchronize();
    assertEquals("", standIn.reports());
    long function = gpu.function(FILE, "bounded");
    assertThrows(
        CudaException.class,
        () -> gpu.driver().launch(function, 1, 1, 64, 50_000, gpu.queue().stream(), 0));
    assertTrue(standIn.reports().contains("50000 bytes of dynamic shared memory"));
    assertThrows(
        CudaException.class,
        () -> gpu.driver().launch(function, 1, 65_536, 64, 0, gpu.queue().stream(), 0));
    assertTrue(standIn.reports().contains("a grid of 1 x 65536 x 1 blocks"));
  }

  @ParameterizedTest
  @EnumSource
  void rightKernelsAreRightInAnyOrder(StandIn.Order order) {
    standIn.order(order);
    int n = 500;
    float[] numbers = new float[FLOATS];
    for (int i = 0; i < FLOATS; i++) {
      numbers[i] = i % 17 - 8;
    }
    long x = floats(FLOATS, numbers);
    long sums = floats(4);
    kernel("rightSum").pointer(x).pointer(sums).integer(n).launch(4, 128);
    float[] expected = new float[4];
    for (int i = 0; i < n; i++) {
      expected[i / 128] += numbers[i];
    }
    assertArrayEquals(expected, read(sums, 4));

    long warps = floats(128);
    kernel("rightWarps").pointer(x).pointer(warps).integer(100).launch(1, 128);
    assertEquals(warp(numbers, 100, 64) + 95, read(warps, 128)[64]);

    lastBlock(numbers, x);

    long halves = floats(32);
    long bytes = floats(16);
    kernel("rightHalves").pointer(halves).pointer(bytes).integer(61).launch(1, 128);
    assertEquals(
        Float.floatToRawIntBits(127) >>> 16, Float.floatToRawIntBits(read(halves, 1)[0]) & 0xffff);

    long registers = floats(32);
    kernel("rightRegisters").pointer(x).pointer(registers).integer(200).launch(1, 32);
    float sum = 0;
    for (int i = 3; i < 200; i += 32) {
      sum += numbers[i];
    }
    assertEquals(sum, read(registers, 32)[3]);
    assertEquals("", standIn.reports());
  }

  private static float warp(float[] numbers, int n, int first) {
    float sum = 0;
    for (int i = first; i < Math.min(n, first + 32); i++) {
      sum += numbers[i];
    }
    return sum;
  }

  private void lastBlock(float[] numbers, long x) {
    long count = floats(1);
    long total = floats(1);
    kernel("rightLastBlock")
        .pointer(x)
        .pointer(floats(32))
        .pointer(count)
        .pointer(total)
        .launch(32, 32);
    float sum = 0;
    for (float number : numbers) {
      sum += number;
    }
    assertEquals(sum, read(total, 1)[0]);
  }

  @ParameterizedTest
  @EnumSource
  void tensorCoresMultiply(StandIn.Order order) {
    standIn.order(order);
    float[] x = new float[64 * 64];
    float[] w = new float[8 * 64];
    for (int i = 0; i < x.length; i++) {
      x[i] = (i * 7 % 31 - 15) / 8f;
    }
    for (int i = 0; i < w.length; i++) {
      w[i] = (i * 5 % 23 - 11) / 4f;
    }
    long y = floats(64 * 8);
    kernel("rightProduct").pointer(packed(x)).pointer(packed(w)).pointer(y).launch(1, 128);
    float[] expected = new float[64 * 8];
    for (int row = 0; row < 64; row++) {
      for (int column = 0; column < 8; column++) {
        for (int k = 0; k < 64; k++) {
          expected[row * 8 + column] += x[row * 64 + k] * w[column * 64 + k];
        }
      }
    }
    assertArrayEquals(expected, read(y, 64 * 8)); // Sums of so few eighths are exact.
    assertEquals("", standIn.reports());
  }

  /** Numbers that bfloat16 holds, two in a float's place. */
  private long packed(float[] values) {
    float[] pairs = new float[values.length / 2];
    for (int i = 0; i < pairs.length; i++) {
      int low = Float.floatToRawIntBits(values[2 * i]) >>> 16;
      int high = Float.floatToRawIntBits(values[2 * i + 1]) & 0xffff0000;
      pairs[i] = Float.intBitsToFloat(high | low);
    }
    return floats(pairs.length, pairs);
  }
}
