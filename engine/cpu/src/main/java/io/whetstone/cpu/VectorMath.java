package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.SPECIES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;

/**
 * exp, log and sums whose bits are the same in a lane and in a scalar, interpreted and compiled.
 *
 * <p>The library's lanewise EXP and LOG and its {@code reduceLanes(ADD)} may give other bits once
 * they are compiled. Here everything is made of correctly rounded +, ·, ÷, fused multiply-add,
 * comparisons and integer operations, in one written order.
 */
final class VectorMath {
  // ln 2 in two parts; the first has 15 bits, so its product with an exponent is exact.
  static final float LN2_HIGH = 0x1.62e4p-1f;
  static final float LN2_LOW = 0x1.7f7d1cp-20f;
  static final float LOG2_E = 0x1.715476p0f;

  /** Adding 1.5 · 2²³ rounds to an integer, which then stands in the low bits of the sum. */
  static final float ROUNDER = 0x1.8p23f;

  /** Below, exp gives 0: what would be smaller than 2⁻¹²⁵ helps nobody, and is slow to add. */
  static final float EXP_MIN = -86.64f;

  /** ln of the largest float; above, exp gives infinity. */
  static final float EXP_MAX = 0x1.62e42ep6f;

  /** Twice an argument beyond which tanh rounds to ±1. */
  private static final float TANH_MAX = 20;

  // exp r = 1 + r + r² (E0 + E1 r + … + E4 r⁴) for |r| ≤ ln 2 / 2: minimax, 4e-9 relative.
  static final float E0 = 0x1.fffffcp-2f;
  static final float E1 = 0x1.555492p-3f;
  static final float E2 = 0x1.5558f2p-5f;
  static final float E3 = 0x1.123a2p-7f;
  static final float E4 = 0x1.6a23dp-10f;

  // The series of 2 artanh s: log(1 + f) = 2 (s + s³/3 + s⁵/5 + …) with s = f / (2 + f).
  private static final float L1 = 2f / 3;
  private static final float L2 = 2f / 5;
  private static final float L3 = 2f / 7;
  private static final float L4 = 2f / 9;

  /** Bits of √½: mantissas are taken from [√½, √2). */
  private static final int SQRT_HALF = 0x3f3504f3;

  /** Bits of ½. */
  private static final int HALF = 0x3f000000;

  // The same as vectors: broadcasting in the loops would cost the compiler so many nodes that it
  // stops inlining, and then every vector is boxed.
  private static final FloatVector MINUS_LN2_HIGHS = constant(-LN2_HIGH);
  private static final FloatVector MINUS_LN2_LOWS = constant(-LN2_LOW);
  private static final FloatVector LOG2_ES = constant(LOG2_E);
  private static final FloatVector ROUNDERS = constant(ROUNDER);
  private static final FloatVector EXP_MINS = constant(EXP_MIN);
  private static final FloatVector EXP_MAXES = constant(EXP_MAX);
  private static final FloatVector E0S = constant(E0);
  private static final FloatVector E1S = constant(E1);
  private static final FloatVector E2S = constant(E2);
  private static final FloatVector E3S = constant(E3);
  private static final FloatVector E4S = constant(E4);
  private static final FloatVector ONES = constant(1);
  private static final FloatVector ZEROS = constant(0);
  private static final FloatVector INFINITIES = constant(Float.POSITIVE_INFINITY);
  private static final IntVector HALVES = constant(0.5f).reinterpretAsInts();

  private static final FloatVector L1S = constant(L1);
  private static final FloatVector L2S = constant(L2);
  private static final FloatVector L3S = constant(L3);
  private static final FloatVector L4S = constant(L4);
  private static final FloatVector SMALLEST_NORMALS = constant(Float.MIN_NORMAL);
  private static final FloatVector TWO_TO_23 = constant(0x1p23f);
  private static final FloatVector TWENTY_THREES = constant(23);
  private static final FloatVector NANS = constant(Float.NaN);
  private static final IntVector ROOTS_OF_HALF =
      constant(Float.intBitsToFloat(SQRT_HALF)).reinterpretAsInts();
  private static final FloatVector LANE = FloatVector.zero(SPECIES).addIndex(1);

  // Rotations that fold a vector's upper half, quarter, … onto its first lanes.
  private static final VectorShuffle<Float> BY_HALF = rotation(LANES / 2);
  private static final VectorShuffle<Float> BY_QUARTER = rotation(LANES / 4);
  private static final VectorShuffle<Float> BY_EIGHTH = rotation(LANES / 8);
  private static final VectorShuffle<Float> BY_SIXTEENTH = rotation(LANES / 16);

  private VectorMath() {}

  /** eˣ within 1.01 ulp, but 0 where x < −86.64; e^−∞ = 0, e^∞ = ∞, NaN stays. */
  static float exp(float x) {
    float shifted = Math.fma(x, LOG2_E, ROUNDER);
    float n = shifted - ROUNDER;
    float r = Math.fma(n, -LN2_LOW, Math.fma(n, -LN2_HIGH, x));
    float p = Math.fma(E4, r, E3);
    p = Math.fma(p, r, E2);
    p = Math.fma(p, r, E1);
    p = Math.fma(p, r, E0);
    p = Math.fma(p, r * r, r) + 1;
    // 2ⁿ as twice 2ⁿ⁻¹, since 2¹²⁸ is no float. ROUNDER's own bits are shifted out.
    float half = p * Float.intBitsToFloat((Float.floatToRawIntBits(shifted) << 23) + HALF);
    float value = half + half;
    value = x < EXP_MIN ? 0 : value;
    return x > EXP_MAX ? Float.POSITIVE_INFINITY : value;
  }

  /** {@link #exp(float)} in each lane. */
  static FloatVector exp(FloatVector x) {
    FloatVector shifted = x.fma(LOG2_ES, ROUNDERS);
    FloatVector n = shifted.sub(ROUNDERS);
    FloatVector r = n.fma(MINUS_LN2_LOWS, n.fma(MINUS_LN2_HIGHS, x));
    FloatVector p = r.fma(E4S, E3S);
    p = p.fma(r, E2S);
    p = p.fma(r, E1S);
    p = p.fma(r, E0S);
    p = p.fma(r.mul(r), r).add(ONES);
    IntVector power = shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).add(HALVES);
    FloatVector half = p.mul(power.reinterpretAsFloats());
    return half.add(half)
        .blend(ZEROS, x.compare(VectorOperators.LT, EXP_MINS))
        .blend(INFINITIES, x.compare(VectorOperators.GT, EXP_MAXES));
  }

  /**
   * tanh x in each lane, within 3 ulp: (eʸ − 1) / (eʸ + 1) with y = 2x, where eʸ − 1 = 2ⁿ (eʳ − 1)
   * + (2ⁿ − 1) keeps its bits near 0.
   */
  static FloatVector tanh(FloatVector x) {
    FloatVector y = x.add(x).min(TANH_MAX).max(-TANH_MAX);
    FloatVector shifted = y.fma(LOG2_ES, ROUNDERS);
    FloatVector n = shifted.sub(ROUNDERS);
    FloatVector r = n.fma(MINUS_LN2_LOWS, n.fma(MINUS_LN2_HIGHS, y));
    FloatVector p = r.fma(E4S, E3S);
    p = p.fma(r, E2S);
    p = p.fma(r, E1S);
    p = p.fma(r, E0S);
    p = p.fma(r.mul(r), r);
    IntVector bits = shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
    FloatVector power = bits.add(ONES.reinterpretAsInts()).reinterpretAsFloats();
    FloatVector less = power.fma(p, power.sub(ONES));
    return less.div(less.add(ONES.add(ONES)));
  }

  /**
   * {@link #exp(FloatVector)} of what is at most about 0, but never below e^−86.64, for softmax: a
   * third of the operations less, which also keeps the loops around it small enough to inline.
   */
  static FloatVector expOfNegative(FloatVector x) {
    FloatVector y = x.max(EXP_MINS);
    FloatVector shifted = y.fma(LOG2_ES, ROUNDERS);
    FloatVector n = shifted.sub(ROUNDERS);
    FloatVector r = n.fma(MINUS_LN2_LOWS, n.fma(MINUS_LN2_HIGHS, y));
    FloatVector p = r.fma(E4S, E3S);
    p = p.fma(r, E2S);
    p = p.fma(r, E1S);
    p = p.fma(r, E0S);
    p = p.fma(r.mul(r), r).add(ONES);
    IntVector power = shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
    return p.mul(power.add(ONES.reinterpretAsInts()).reinterpretAsFloats());
  }

  /** ln x within 1 ulp, subnormals included; ln 0 = −∞, ln ∞ = ∞, NaN for x < 0. */
  static float log(float x) {
    boolean tiny = x < Float.MIN_NORMAL;
    int bits = Float.floatToRawIntBits(tiny ? x * 0x1p23f : x);
    int exponent = (bits - SQRT_HALF) >> 23;
    float f = Float.intBitsToFloat(bits - (exponent << 23)) - 1;
    float k = tiny ? exponent - 23 : exponent;
    float s = f / (f + 2);
    float z = s * s;
    float p = Math.fma(L4, z, L3);
    p = Math.fma(p, z, L2);
    p = Math.fma(p, z, L1);
    p = p * z;
    // log(1 + f) = f − (f²/2 − s (f²/2 + p)), which keeps f's bits where f is small.
    float square = f * f * 0.5f;
    float low = Math.fma(k, LN2_LOW, s * (square + p));
    float value = Math.fma(k, LN2_HIGH, f - (square - low));
    value = x == 0 ? Float.NEGATIVE_INFINITY : value;
    value = x < 0 ? Float.NaN : value;
    return x < Float.POSITIVE_INFINITY ? value : x;
  }

  /** {@link #log(float)} in each lane. */
  static FloatVector log(FloatVector x) {
    VectorMask<Float> tiny = x.compare(VectorOperators.LT, SMALLEST_NORMALS);
    IntVector bits = x.blend(x.mul(TWO_TO_23), tiny).reinterpretAsInts();
    IntVector exponent = bits.sub(ROOTS_OF_HALF).lanewise(VectorOperators.ASHR, 23);
    FloatVector f =
        bits.sub(exponent.lanewise(VectorOperators.LSHL, 23)).reinterpretAsFloats().sub(ONES);
    FloatVector k = (FloatVector) exponent.convert(VectorOperators.I2F, 0);
    k = k.blend(k.sub(TWENTY_THREES), tiny);
    FloatVector s = f.div(f.add(ONES.add(ONES)));
    FloatVector z = s.mul(s);
    FloatVector p = z.fma(L4S, L3S);
    p = p.fma(z, L2S);
    p = p.fma(z, L1S);
    p = p.mul(z);
    FloatVector square = f.mul(f).mul(HALVES.reinterpretAsFloats());
    FloatVector low = k.fma(MINUS_LN2_LOWS.neg(), s.mul(square.add(p)));
    FloatVector value = k.fma(MINUS_LN2_HIGHS.neg(), f.sub(square.sub(low)));
    value = value.blend(INFINITIES.neg(), x.compare(VectorOperators.EQ, ZEROS));
    value = value.blend(NANS, x.compare(VectorOperators.LT, ZEROS));
    return x.blend(value, x.compare(VectorOperators.LT, INFINITIES));
  }

  /** The sum of the lanes as a tree: the upper half onto the lower half, and so on. */
  static float sum(FloatVector x) {
    FloatVector sum = x;
    if (LANES > 1) {
      sum = sum.add(sum.rearrange(BY_HALF));
    }
    if (LANES > 2) {
      sum = sum.add(sum.rearrange(BY_QUARTER));
    }
    if (LANES > 4) {
      sum = sum.add(sum.rearrange(BY_EIGHTH));
    }
    if (LANES > 8) {
      sum = sum.add(sum.rearrange(BY_SIXTEENTH));
    }
    return sum.lane(0);
  }

  /** Σ a b over numbers at two addresses, in an order that depends on how many there are only. */
  static float dot(long a, long b, int count) {
    FloatVector even = FloatVector.zero(SPECIES);
    FloatVector odd = FloatVector.zero(SPECIES);
    int c = 0;
    for (; c <= count - 2 * LANES; c += 2 * LANES) {
      even =
          FloatVector.fromMemorySegment(SPECIES, Memory.ALL, a + 4L * c, Memory.ORDER)
              .fma(
                  FloatVector.fromMemorySegment(SPECIES, Memory.ALL, b + 4L * c, Memory.ORDER),
                  even);
      odd =
          FloatVector.fromMemorySegment(SPECIES, Memory.ALL, a + 4L * (c + LANES), Memory.ORDER)
              .fma(
                  FloatVector.fromMemorySegment(
                      SPECIES, Memory.ALL, b + 4L * (c + LANES), Memory.ORDER),
                  odd);
    }
    float sum = sum(even.add(odd));
    for (; c < count; c++) {
      sum = Math.fma(Memory.get(a + 4L * c), Memory.get(b + 4L * c), sum);
    }
    return sum;
  }

  /**
   * The largest lane; NaN above all. Compared as integers of the same order, which takes fewer
   * instructions than floats with their zeros and NaNs.
   */
  static float max(FloatVector x) {
    IntVector bits = x.reinterpretAsInts();
    IntVector ordered = bits.lanewise(VectorOperators.XOR, magnitude(bits));
    int most = ordered.reduceLanes(VectorOperators.MAX);
    return Float.intBitsToFloat(most ^ (most >> 31 >>> 1));
  }

  /** All bits but the sign's where negative, else none. */
  private static IntVector magnitude(IntVector bits) {
    return bits.lanewise(VectorOperators.ASHR, 31).lanewise(VectorOperators.LSHR, 1);
  }

  /** The lanes numbered {@code first} and up. */
  static VectorMask<Float> lanesFrom(int first) {
    return LANE.compare(VectorOperators.GE, FloatVector.broadcast(SPECIES, (float) first));
  }

  private static FloatVector constant(float value) {
    return FloatVector.broadcast(SPECIES, value);
  }

  private static VectorShuffle<Float> rotation(int by) {
    return VectorShuffle.fromOp(SPECIES, i -> (i + by) % LANES);
  }
}
