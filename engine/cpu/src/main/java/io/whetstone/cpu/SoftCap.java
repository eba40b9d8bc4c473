package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.SPECIES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Logits bounded to cap · tanh(x / cap), and the slope of that, 1 − tanh²(x / cap). A cap of 0 is
 * none.
 */
final class SoftCap {
  private SoftCap() {}

  /** Caps {@code n} floats in place. */
  static void apply(long row, int n, float cap) {
    if (cap == 0) {
      return;
    }
    for (int v = 0; v < n; v += LANES) {
      VectorMask<Float> mask = SPECIES.indexInRange(v, n);
      FloatVector capped = ratio(Memory.load(row + 4L * v, mask), cap).mul(cap);
      Memory.store(capped, row + 4L * v, mask);
    }
  }

  /** tanh(x / cap). */
  static FloatVector ratio(FloatVector x, float cap) {
    return VectorMath.tanh(x.mul(1 / cap));
  }

  /** The slope where {@link #ratio} is this. */
  static FloatVector slope(FloatVector ratio) {
    return FloatVector.broadcast(SPECIES, 1).sub(ratio.mul(ratio));
  }

  /** The slope at {@code x}: 1 without a cap. */
  static float slope(float x, float cap) {
    return cap == 0 ? 1 : slope(ratio(FloatVector.broadcast(SPECIES, x), cap)).lane(0);
  }
}
