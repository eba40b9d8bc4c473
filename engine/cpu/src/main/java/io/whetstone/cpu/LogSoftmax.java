package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.SPECIES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The log-softmax of one row of logits, z = logits · (1 / temperature).
 *
 * <p>Sampling and training both read a row through this class, so their logprobs are the same bits.
 * Sums are taken in blocks of a written size, the blocks' sums in double.
 */
final class LogSoftmax {
  private static final int BLOCK = 4096;

  private final int vocabulary;
  private long logits;
  private float inverseTemperature;
  private float max;
  private double sum;
  private double weighted;
  private float logSum;
  private float entropy;

  LogSoftmax(int vocabulary) {
    this.vocabulary = vocabulary;
  }

  /** The factor that logits are multiplied by. */
  static float inverse(float temperature) {
    return 1 / temperature;
  }

  /** Turns to the row at {@code logits}. */
  void read(long logits, float temperature) {
    this.logits = logits;
    this.inverseTemperature = inverse(temperature);
    max = max();
    sum = 0;
    weighted = 0;
    for (int from = 0; from < vocabulary; from += BLOCK) {
      int to = Math.min(from + BLOCK, vocabulary);
      int rest = (to - from) % LANES;
      addVectors(from, to - rest);
      if (rest > 0) {
        addRest(to - rest, to);
      }
    }
    logSum = VectorMath.log((float) sum);
    // −Σ p log p with log p = below − logSum.
    entropy = (float) (logSum - weighted / sum);
  }

  private void addVectors(int from, int to) {
    FloatVector sums = FloatVector.zero(SPECIES);
    FloatVector products = sums;
    for (int v = from; v < to; v += LANES) {
      FloatVector below = Memory.load(logits + 4L * v).mul(inverseTemperature).sub(max);
      FloatVector exp = VectorMath.exp(below);
      sums = sums.add(exp);
      products = exp.fma(below, products);
    }
    sum += VectorMath.sum(sums);
    weighted += VectorMath.sum(products);
  }

  /** Fewer than a vector. */
  private void addRest(int from, int to) {
    float sums = 0;
    float products = 0;
    for (int v = from; v < to; v++) {
      float below = Memory.get(logits + 4L * v) * inverseTemperature - max;
      float exp = VectorMath.exp(below);
      sums += exp;
      products = Math.fma(exp, below, products);
    }
    sum += sums;
    weighted += products;
  }

  /** max_v z[v]; NaN when a logit is. */
  float maximum() {
    return max;
  }

  /** log p[token], in nats. */
  float logprob(int token) {
    return Memory.get(logits + 4L * token) * inverseTemperature - max - logSum;
  }

  /** log Σ_v exp z[v]. */
  float logSumExp() {
    return max + logSum;
  }

  /** −Σ p log p, in nats. */
  float entropy() {
    return entropy;
  }

  private float max() {
    FloatVector most = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
    int v = 0;
    for (; v <= vocabulary - LANES; v += LANES) {
      most = most.max(Memory.load(logits + 4L * v).mul(inverseTemperature));
    }
    float largest = most.reduceLanes(VectorOperators.MAX);
    for (; v < vocabulary; v++) {
      largest = Math.max(largest, Memory.get(logits + 4L * v) * inverseTemperature);
    }
    return largest;
  }
}
