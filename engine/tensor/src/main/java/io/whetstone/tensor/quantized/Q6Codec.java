package io.whetstone.tensor.quantized;

import io.whetstone.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * {@code Q6_K}: 16 runs of 16 numbers, x = d · scale · (q − 32) with q of 6 bits, a signed byte of
 * scale for each run; d is binary16.
 *
 * <p>Bytes: 128 of the lower four bits of q, 64 of the upper two, 16 scales, d. The 256 numbers are
 * two halves of four lanes of 32: lanes 0 and 2 share bytes, as do 1 and 3, and a byte of upper
 * bits serves all four.
 */
record Q6Codec() implements BlockCodec {
  private static final int RUNS = 16;
  private static final int RUN = 16;
  private static final int LANE = 32;
  private static final int HIGH = 128;
  private static final int SCALES = 192;
  private static final int D = 208;
  private static final int MIDDLE = 32;
  private static final int STEPS = 9;

  /** Below it a number is 0 to binary16 anyway. */
  private static final float NOTHING = 1e-15f;

  @Override
  public DType type() {
    return DType.Q6_K;
  }

  @Override
  public void decode(MemorySegment from, long at, float[] to, int first) {
    float d = BlockCodec.half(from, at + D);
    for (int i = 0; i < RUNS * RUN; i++) {
      float scale = d * from.get(ValueLayout.JAVA_BYTE, at + SCALES + i / RUN);
      int low = BlockCodec.unsigned(from, at + low(i)) >> lowShift(i) & 15;
      int high = BlockCodec.unsigned(from, at + high(i)) >> highShift(i) & 3;
      to[first + i] = scale * ((low | high << 4) - MIDDLE);
    }
  }

  private static int low(int i) {
    return i / 128 * 64 + i % 64;
  }

  private static int lowShift(int i) {
    return i % 128 / 64 * 4;
  }

  private static int high(int i) {
    return HIGH + i / 128 * LANE + i % LANE;
  }

  private static int highShift(int i) {
    return i % 128 / LANE * 2;
  }

  @Override
  public void encode(float[] from, int first, MemorySegment to, long at) {
    float[] scales = new float[RUNS];
    float largest = 0;
    for (int run = 0; run < RUNS; run++) {
      scales[run] = scale(from, first + RUN * run);
      largest = Math.abs(scales[run]) > Math.abs(largest) ? scales[run] : largest;
    }
    to.asSlice(at, type().blockBytes()).fill((byte) 0);
    // The run with the largest scale has −128, a byte's extreme; d may be negative.
    float d = Math.abs(largest) < NOTHING ? 0 : BlockCodec.putHalf(to, at + D, largest / -128);
    for (int run = 0; run < RUNS; run++) {
      int multiple = d == 0 ? 0 : (int) Math.min(127, Math.rint(-128 / largest * scales[run]));
      BlockCodec.put(to, at + SCALES + run, multiple);
      float step = d * multiple;
      for (int i = RUN * run; i < RUN * (run + 1); i++) {
        float ideal = step == 0 ? -MIDDLE : (float) Math.rint(from[first + i] / step);
        put(to, at, i, (int) Math.clamp(ideal, -MIDDLE, MIDDLE - 1) + MIDDLE);
      }
    }
  }

  private static void put(MemorySegment to, long at, int i, int q) {
    long low = at + low(i);
    long high = at + high(i);
    BlockCodec.put(to, low, BlockCodec.unsigned(to, low) | (q & 15) << lowShift(i));
    BlockCodec.put(to, high, BlockCodec.unsigned(to, high) | q >> 4 << highShift(i));
  }

  /**
   * A run's scale: of a grid of candidates around the one that maps the largest number to −32, the
   * one whose least squares fit, weighted by x², is best (ggml's Q6_K reference).
   */
  private static float scale(float[] x, int from) {
    float extreme = 0;
    for (int i = from; i < from + RUN; i++) {
      extreme = Math.abs(x[i]) > Math.abs(extreme) ? x[i] : extreme;
    }
    if (Math.abs(extreme) < NOTHING) {
      return 0;
    }
    double best = -1;
    double scale = 0;
    for (int step = -STEPS; step <= STEPS; step++) {
      double inverse = -(MIDDLE + 0.1 * step) / extreme;
      double products = 0;
      double squares = 0;
      for (int i = from; i < from + RUN; i++) {
        double q = Math.clamp(Math.rint(inverse * x[i]), -MIDDLE, MIDDLE - 1);
        double weight = (double) x[i] * x[i];
        products += weight * x[i] * q;
        squares += weight * q * q;
      }
      if (squares > 0 && products * products / squares > best) {
        best = products * products / squares;
        scale = products / squares;
      }
    }
    return (float) scale;
  }
}
