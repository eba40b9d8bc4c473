package io.whetstone.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** Rows of conversions against one number at a time. */
class Bfloat16Test {
  private static final float[] EDGES = {
    0,
    -0f,
    1,
    Float.NaN,
    Float.POSITIVE_INFINITY,
    Float.NEGATIVE_INFINITY,
    Float.MAX_VALUE,
    Float.MIN_VALUE,
    -Float.MIN_NORMAL,
    0x1.01p0f,
    0x1.03p0f,
    0x1.0101p0f,
    0x1.fffp127f,
    3.14159f
  };

  @Test
  void rowsAreRoundedAndWidenedLikeSingleNumbers() {
    Workers workers = new TestWorkers(2);
    for (int count : new int[] {0, 1, 15, 16, 33, 40_000}) {
      try (Allocation room = new Allocation(10L * count + 64, "a test")) {
        long floats = room.address();
        long halves = floats + 4L * count;
        long back = halves + 2L * count;
        for (int i = 0; i < count; i++) {
          float noise = Float.intBitsToFloat(i * 0x9e3779b9);
          Memory.set(floats + 4L * i, i < EDGES.length ? EDGES[i] : noise);
        }
        Bfloat16.round(workers, floats, halves, count);
        Bfloat16.widen(halves, back, count);
        for (int i = 0; i < count; i++) {
          float value = Memory.get(floats + 4L * i);
          short expected = Elementwise.toBfloat16(value);
          assertEquals(expected, Memory.getShort(halves + 2L * i), () -> "of " + value);
          assertEquals(Elementwise.fromBfloat16(expected), Memory.get(back + 4L * i));
        }
      }
    }
  }
}
