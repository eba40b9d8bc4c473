package io.whetstone.cuda;

/** bfloat16 on the host: the upper half of a binary32. */
final class Bfloat16 {
  private static final int HALF_UNIT = 0x7fff;
  private static final int QUIET = 0x40;

  private Bfloat16() {}

  /** To nearest even; a NaN stays one. */
  static short round(float value) {
    int bits = Float.floatToRawIntBits(value);
    int upper = bits >>> 16;
    return (short) (Float.isNaN(value) ? upper | QUIET : bits + HALF_UNIT + (upper & 1) >>> 16);
  }

  static float widen(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }
}
