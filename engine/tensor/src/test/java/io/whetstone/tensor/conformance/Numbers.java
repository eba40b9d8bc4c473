package io.whetstone.tensor.conformance;

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
