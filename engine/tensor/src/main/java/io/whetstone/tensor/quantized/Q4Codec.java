package io.whetstone.tensor.quantized;

import io.whetstone.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * {@code Q4_K}: 8 runs of 32 numbers, x = d · scale · q − dmin · min with q of 4 bits, scale and
 * min of 6 bits for each run; d and dmin are binary16.
 *
 * <p>Bytes: d, dmin, 12 of packed scales and minima, 128 of q: run 2j in the lower halves of 32
 * bytes, run 2j + 1 in their upper halves.
 */
record Q4Codec() implements BlockCodec {
  private static final int RUNS = 8;
  private static final int RUN = 32;
  private static final int SCALES = 4;
  private static final int QUANTS = 16;

  /** Largest scale or minimum of a run. */
  private static final int MOST_SCALE = 63;

  private static final int MOST = 15;

  @Override
  public DType type() {
    return DType.Q4_K;
  }

  @Override
  public void decode(MemorySegment from, long at, float[] to, int first) {
    float d = BlockCodec.half(from, at);
    float dMin = BlockCodec.half(from, at + 2);
    for (int run = 0; run < RUNS; run++) {
      float scale = d * scale(from, at + SCALES, run);
      float min = dMin * min(from, at + SCALES, run);
      long quants = at + QUANTS + (long) RUN * (run / 2);
      int shift = run % 2 * 4;
      for (int i = 0; i < RUN; i++) {
        int q = BlockCodec.unsigned(from, quants + i) >> shift & MOST;
        to[first + RUN * run + i] = scale * q - min;
      }
    }
  }

  private static int scale(MemorySegment from, long scales, int run) {
    return run < 4
        ? BlockCodec.unsigned(from, scales + run) & 63
        : BlockCodec.unsigned(from, scales + run + 4) & 15
            | BlockCodec.unsigned(from, scales + run - 4) >> 6 << 4;
  }

  private static int min(MemorySegment from, long scales, int run) {
    return run < 4
        ? BlockCodec.unsigned(from, scales + run + 4) & 63
        : BlockCodec.unsigned(from, scales + run + 4) >> 4
            | BlockCodec.unsigned(from, scales + run) >> 6 << 4;
  }

  @Override
  public void encode(float[] from, int first, MemorySegment to, long at) {
    RunFit[] fits = new RunFit[RUNS];
    for (int run = 0; run < RUNS; run++) {
      fits[run] = RunFit.of(from, first + RUN * run, RUN, MOST);
    }
    float d = step(Arrays.stream(fits).mapToDouble(RunFit::scale).max().orElseThrow());
    float dMin = step(Arrays.stream(fits).mapToDouble(RunFit::min).max().orElseThrow());
    float storedD = BlockCodec.putHalf(to, at, d);
    float storedMin = BlockCodec.putHalf(to, at + 2, dMin);
    to.asSlice(at + SCALES, type().blockBytes() - SCALES).fill((byte) 0);
    for (int run = 0; run < RUNS; run++) {
      int scale = multiple(fits[run].scale(), d);
      int min = multiple(fits[run].min(), dMin);
      putScales(to, at + SCALES, run, scale, min);
      long quants = at + QUANTS + (long) RUN * (run / 2);
      int shift = run % 2 * 4;
      float step = storedD * scale;
      for (int i = 0; i < RUN && step > 0; i++) {
        float q = (float) Math.rint((from[first + RUN * run + i] + storedMin * min) / step);
        int bits = (int) Math.clamp(q, 0, MOST) << shift;
        BlockCodec.put(to, quants + i, BlockCodec.unsigned(to, quants + i) | bits);
      }
    }
  }

  private static float step(double largest) {
    return (float) (largest / MOST_SCALE);
  }

  private static int multiple(float value, float step) {
    return step > 0 ? (int) Math.clamp(Math.rint(value / step), 0, MOST_SCALE) : 0;
  }

  private static void putScales(MemorySegment to, long scales, int run, int scale, int min) {
    if (run < 4) {
      or(to, scales + run, scale);
      or(to, scales + run + 4, min);
    } else {
      or(to, scales + run + 4, scale & 15 | (min & 15) << 4);
      or(to, scales + run - 4, scale >> 4 << 6);
      or(to, scales + run, min >> 4 << 6);
    }
  }

  private static void or(MemorySegment to, long at, int bits) {
    BlockCodec.put(to, at, BlockCodec.unsigned(to, at) | bits);
  }
}
