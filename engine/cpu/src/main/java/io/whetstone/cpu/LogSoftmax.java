package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.SPECIES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
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
    double sum = 0;
    double weighted = 0;
    for (int from = 0; from < vocabulary; from += BLOCK) {
      int to = Math.min(from + BLOCK, vocabulary);
      FloatVector sums = FloatVector.zero(SPECIES);
      FloatVector products = sums;
      int v = from;
      for (; v <= to - LANES; v += LANES) {
        FloatVector below = Memory.load(logits + 4L * v).mul(inverseTemperature).sub(max);
        FloatVector exp = VectorMath.exp(below);
        sums = sums.add(exp);
        products = exp.fma(below, products);
      }
      if (v < to) {
        VectorMask<Float> mask = SPECIES.indexInRange(v, to);
        FloatVector below = Memory.load(logits + 4L * v, mask).mul(inverseTemperature).sub(max);
        FloatVector exp = VectorMath.exp(below).blend(0, mask.not());
        sums = sums.add(exp);
        products = exp.fma(below, products);
      }
      sum += VectorMath.sum(sums);
      weighted += VectorMath.sum(products);
    }
    logSum = VectorMath.log((float) sum);
    // −Σ p log p with log p = below − logSum.
    entropy = (float) (logSum - weighted / sum);
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
    FloatVector largest = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
    int v = 0;
    for (; v <= vocabulary - LANES; v += LANES) {
      largest = largest.max(Memory.load(logits + 4L * v).mul(inverseTemperature));
    }
    if (v < vocabulary) {
      VectorMask<Float> mask = SPECIES.indexInRange(v, vocabulary);
      FloatVector rest = Memory.load(logits + 4L * v, mask).mul(inverseTemperature);
      largest = largest.max(rest.blend(Float.NEGATIVE_INFINITY, mask.not()));
    }
    return largest.reduceLanes(VectorOperators.MAX);
  }
}
