package io.whetstone.tensor.conformance;

import io.whetstone.tensor.Heads;

/** Rotary position embedding in the half-split form, in double precision. */
final class ReferenceRope {
  private ReferenceRope() {}

  /** Cosines, then sines, of position · base^(−2i/size) for i < size/2; [positions, size]. */
  static double[] table(int positions, int size, double base) {
    double[] table = new double[positions * size];
    for (int p = 0; p < positions; p++) {
      for (int i = 0; i < size / 2; i++) {
        double angle = p * Math.pow(base, -2.0 * i / size);
        table[p * size + i] = (float) Math.cos(angle);
        table[p * size + size / 2 + i] = (float) Math.sin(angle);
      }
    }
    return table;
  }

  /** Rotates the query and key heads of every row; value heads stay. */
  static Expected rotate(
      double[] fused, Heads heads, int[] positions, double[] table, boolean inverse) {
    int columns = heads.fusedColumns();
    int half = heads.size() / 2;
    Expected rotated = new Expected(fused.length);
    for (int r = 0; r < positions.length; r++) {
      for (int head = 0; head < heads.queries() + 2 * heads.keyValues(); head++) {
        boolean value = head >= heads.queries() + heads.keyValues();
        for (int i = 0; i < half; i++) {
          int first = r * columns + head * heads.size() + i;
          int second = first + half;
          double cos = value ? 1 : table[positions[r] * heads.size() + i];
          double sin = value ? 0 : table[positions[r] * heads.size() + half + i];
          sin = inverse ? -sin : sin;
          rotated.add(first, fused[first] * cos);
          rotated.add(first, -fused[second] * sin);
          rotated.add(second, fused[second] * cos);
          rotated.add(second, fused[first] * sin);
        }
      }
    }
    return rotated;
  }
}
