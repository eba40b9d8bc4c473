package io.whetstone.tensor.conformance;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Philox;

/** Test data: random numbers that a binary32 holds exactly, as a function of a key. */
final class Numbers {
  private Numbers() {}

  /** Normal numbers of mean 0 and the given standard deviation. */
  static double[] normal(long key, int size, double deviation) {
    double[] numbers = new double[size];
    for (int i = 0; i < size; i++) {
      numbers[i] = (float) (deviation * Philox.normal(key, i));
    }
    return numbers;
  }

  /** Integers in [0, bound); the first two are the edges, where there are that many. */
  static int[] below(long key, int size, int bound) {
    int[] numbers = new int[size];
    for (int i = 0; i < size; i++) {
      numbers[i] = i == 0 ? bound - 1 : i == 1 ? 0 : Philox.below(key, i, bound);
    }
    return numbers;
  }

  /** The same numbers as a tensor of this type holds them: BF16 rounds to nearest even. */
  static double[] as(DType dtype, double[] numbers) {
    double[] rounded = numbers.clone();
    for (int i = 0; dtype == DType.BF16 && i < numbers.length; i++) {
      int bits = Float.floatToRawIntBits((float) numbers[i]);
      int upper = bits + 0x7fff + ((bits >>> 16) & 1) & 0xffff0000;
      rounded[i] = Float.intBitsToFloat(upper);
    }
    return rounded;
  }

  static float[] floats(double[] numbers) {
    float[] floats = new float[numbers.length];
    for (int i = 0; i < numbers.length; i++) {
      floats[i] = (float) numbers[i];
    }
    return floats;
  }

  static double[] doubles(float[] numbers) {
    double[] doubles = new double[numbers.length];
    for (int i = 0; i < numbers.length; i++) {
      doubles[i] = numbers[i];
    }
    return doubles;
  }
}
