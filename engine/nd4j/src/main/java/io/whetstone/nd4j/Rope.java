package io.whetstone.nd4j;

import org.nd4j.linalg.api.ndarray.INDArray;

/** Rotary positions in Hugging Face's half-split form (Su et al. 2021). */
final class Rope {
  private Rope() {}

  /**
   * (a, b) ← (a cos − b sin, b cos + a sin), a and b being the halves of each head.
   *
   * @param heads [T, heads, size], rotated in place
   * @param angles [T, size]: cosines, then sines, of each row's position
   * @param inverse rotates back: sin ← −sin
   */
  static void rotate(INDArray heads, INDArray angles, boolean inverse) {
    long rows = heads.size(0);
    long half = heads.size(2) / 2;
    INDArray cos = Part.columns(angles, 0, half).dup('c').reshape(rows, 1, half);
    INDArray sin = Part.columns(angles, half, 2 * half).dup('c').reshape(rows, 1, half);
    if (inverse) {
      sin = sin.neg();
    }
    INDArray a = Part.columns(heads, 0, half);
    INDArray b = Part.columns(heads, half, 2 * half);
    INDArray rotated = a.mul(cos).subi(b.mul(sin));
    b.assign(b.mul(cos).addi(a.mul(sin)));
    a.assign(rotated);
  }
}
