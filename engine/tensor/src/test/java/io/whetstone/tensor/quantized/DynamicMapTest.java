package io.whetstone.tensor.quantized;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Philox;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

/**
 * The maps and the codes against bitsandbytes' (golden_moments.py) and against their definition.
 */
class DynamicMapTest {
  private static final int CODES = 256;
  private static final int BLOCKS = 8;

  /** Of bitsandbytes: a map, numbers, and what it makes of them. */
  private record Golden(
      float[] values, float[] numbers, float[] scales, byte[] codes, float[] decoded) {
    static Golden of(ByteBuffer file) {
      int size = BLOCKS * CODES;
      float[] values = floats(file, CODES);
      float[] numbers = floats(file, size);
      float[] scales = floats(file, BLOCKS);
      byte[] codes = new byte[size];
      file.get(codes);
      return new Golden(values, numbers, scales, codes, floats(file, size));
    }
  }

  private static float[] floats(ByteBuffer from, int count) {
    float[] floats = new float[count];
    for (int i = 0; i < count; i++) {
      floats[i] = from.getFloat();
    }
    return floats;
  }

  @Test
  void mapsAndBlocksAreThoseOfBitsandbytes() throws IOException {
    try (InputStream in = getClass().getResourceAsStream("moments.blocks")) {
      ByteBuffer file = ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
      same(DType.DYNAMIC, DynamicMap.SIGNED, Golden.of(file));
      same(DType.UDYNAMIC, DynamicMap.UNSIGNED, Golden.of(file));
      assertEquals(0, file.remaining());
    }
  }

  private static void same(DType type, DynamicMap map, Golden golden) {
    for (int code = 0; code < CODES; code++) {
      float expected = golden.values[code];
      assertEquals(expected, map.value(code), 2 * Math.ulp(expected), type + ", code " + code);
    }
    byte[] blocks = new byte[BLOCKS * type.blockBytes()];
    MemorySegment memory = MemorySegment.ofArray(blocks);
    BlockCodec.of(type).encodeAll(golden.numbers, memory, 0);
    float[] decoded = new float[golden.numbers.length];
    BlockCodec.of(type).decodeAll(memory, 0, decoded);
    for (int b = 0; b < BLOCKS; b++) {
      long at = (long) b * type.blockBytes();
      float scale = golden.scales[b];
      assertEquals(scale, memory.get(ValueLayout.JAVA_FLOAT_UNALIGNED, at));
      for (int i = b * CODES; i < (b + 1) * CODES; i++) {
        int code = BlockCodec.unsigned(memory, at + Float.BYTES + i % CODES);
        int expected = golden.codes[i] & 0xff;
        if (type == DType.UDYNAMIC && golden.numbers[i] > 0) {
          expected = Math.max(1, expected); // the one difference
        }
        String what = type + ", number " + i + ", " + golden.numbers[i] + " of " + scale;
        assertEquals(scale == 0 ? map.code(0) : expected, code, what);
        if (code == (golden.codes[i] & 0xff)) {
          assertEquals(golden.decoded[i], decoded[i], 3 * Math.ulp(golden.decoded[i]), what);
        }
      }
    }
  }

  @Test
  void aCodeIsThatOfTheNearestValue() {
    for (DynamicMap map : new DynamicMap[] {DynamicMap.SIGNED, DynamicMap.UNSIGNED}) {
      boolean signed = map == DynamicMap.SIGNED;
      for (int i = 0; i < 200_000; i++) {
        double size = Math.exp(-18 * Philox.uniform(3, i));
        nearest(map, (float) (signed && i % 2 == 0 ? -size : size));
      }
      for (float threshold : map.thresholds()) {
        if (threshold <= 1) {
          nearest(map, Math.nextDown(threshold));
          nearest(map, threshold);
          nearest(map, Math.nextUp(threshold));
        }
      }
      for (int code = 0; code < CODES; code++) {
        assertEquals(code, map.code(map.value(code)));
      }
      nearest(map, 0);
      nearest(map, 1);
      nearest(map, Float.MIN_VALUE);
    }
    nearest(DynamicMap.SIGNED, -1);
    nearest(DynamicMap.SIGNED, -Float.MIN_VALUE);
  }

  /**
   * By looking at all 256; the lower of two, which lie as near but for the threshold's rounding.
   */
  private static void nearest(DynamicMap map, float x) {
    if (map == DynamicMap.UNSIGNED && x < 0) {
      return;
    }
    float[] values = map.values();
    int code = map.code(x);
    int least = map == DynamicMap.UNSIGNED && x > 0 ? 1 : 0;
    double best = Double.POSITIVE_INFINITY;
    for (int c = least; c < CODES; c++) {
      best = Math.min(best, Math.abs((double) values[c] - x));
    }
    double distance = Math.abs((double) values[code] - x);
    assertTrue(code >= least && distance <= best + Math.ulp(x), x + " has code " + code);
  }

  /** What {@link DynamicMap#code} rests on. */
  @Test
  void noTwoThresholdsShareTheirUpperHalf() {
    for (DynamicMap map : new DynamicMap[] {DynamicMap.SIGNED, DynamicMap.UNSIGNED}) {
      float[] thresholds = map.thresholds();
      for (int i = 1; i < CODES; i++) {
        int one = Float.floatToRawIntBits(thresholds[i - 1]) >>> 16;
        int other = Float.floatToRawIntBits(thresholds[i]) >>> 16;
        assertTrue(one != other, "thresholds " + (i - 1) + " and " + i);
      }
    }
  }

  /** A scale whose reciprocal no float holds, and one block that is zero. */
  @Test
  void tinyBlocksAndZeros() {
    float[] numbers = new float[2 * CODES];
    numbers[7] = Float.MIN_VALUE;
    numbers[8] = -3 * Float.MIN_VALUE;
    MemorySegment blocks = MemorySegment.ofArray(new byte[2 * DType.DYNAMIC.blockBytes()]);
    BlockCodec.of(DType.DYNAMIC).encodeAll(numbers, blocks, 0);
    float[] decoded = new float[numbers.length];
    BlockCodec.of(DType.DYNAMIC).decodeAll(blocks, 0, decoded);
    assertArrayEquals(numbers, decoded);
  }
}
