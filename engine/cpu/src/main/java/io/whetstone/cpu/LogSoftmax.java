package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.SPECIES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The log-softmax of one row of logits, z = logits · (1 / temperature), read block by block.
 *
 * <p>Sampling and training both read a row through this class, so their logprobs are the same bits:
 * sampling at once, training in parts of whole blocks. A block's sums are taken below its own
 * maximum, and merged with those before it in double.
 */
final class LogSoftmax {
  /** Logits of a block; parts of a vocabulary are made of whole ones. */
  static final int BLOCK = 4096;

  private float inverseTemperature;
  private float max;
  private double sum;
  private double weighted;
  private float blockMax;

  /** Σ exp(b) b beside the sum that was returned last. */
  private float weightedSum;

  private float logSum;
  private float entropy;

  /** The factor that logits are multiplied by. */
  static float inverse(float temperature) {
    return 1 / temperature;
  }

  /** Reads a whole row. */
  void read(long logits, int vocabulary, float temperature) {
    start(temperature);
    add(logits, vocabulary);
    finish();
  }

  /** Turns to a new row. */
  void start(float temperature) {
    inverseTemperature = inverse(temperature);
    max = Float.NEGATIVE_INFINITY;
    sum = 0;
    weighted = 0;
  }

  /** Reads on; {@code count} is a multiple of {@link #BLOCK} unless these are the last. */
  void add(long logits, int count) {
    for (int from = 0; from < count; from += BLOCK) {
      addBlock(logits + 4L * from, Math.min(BLOCK, count - from));
    }
  }

  /** The row has been read. */
  void finish() {
    logSum = VectorMath.log((float) sum);
    // −Σ p log p with log p = below − logSum.
    entropy = (float) (logSum - weighted / sum);
  }

  /** max_v z[v]; NaN when a logit is. */
  float maximum() {
    return max;
  }

  /** log p of a token with this logit, in nats. */
  float logprob(float logit) {
    return logit * inverseTemperature - max - logSum;
  }

  /** log Σ_v exp z[v]. */
  float logSumExp() {
    return max + logSum;
  }

  /** −Σ p log p, in nats. */
  float entropy() {
    return entropy;
  }

  /** With b = z − blockMax: Σ exp b and Σ exp(b) b, moved to the larger of the two maxima. */
  private void addBlock(long logits, int count) {
    blockMax = max(logits, count);
    int whole = count - count % LANES;
    double sums = sumOfVectors(logits, whole);
    double products = weightedSum;
    if (whole < count) {
      sums += sumOfRest(logits, whole, count);
      products += weightedSum;
    }
    if (blockMax > max) {
      shift(max - blockMax);
      max = blockMax;
      sum += sums;
      weighted += products;
    } else {
      // Also where one of them is NaN, which it stays.
      float lower = blockMax - max;
      double factor = VectorMath.exp(lower);
      sum += sums * factor;
      weighted += (products + sums * lower) * factor;
    }
  }

  /** Moves what was summed to a maximum that is larger by −lower. */
  private void shift(float lower) {
    if (sum > 0) {
      double factor = VectorMath.exp(lower);
      weighted = (weighted + sum * lower) * factor;
      sum *= factor;
    }
  }

  private float sumOfVectors(long logits, int count) {
    FloatVector sums = FloatVector.zero(SPECIES);
    FloatVector products = sums;
    for (int v = 0; v < count; v += LANES) {
      FloatVector below = Memory.load(logits + 4L * v).mul(inverseTemperature).sub(blockMax);
      FloatVector exp = VectorMath.exp(below);
      sums = sums.add(exp);
      products = exp.fma(below, products);
    }
    weightedSum = VectorMath.sum(products);
    return VectorMath.sum(sums);
  }

  /** Fewer than a vector. */
  private float sumOfRest(long logits, int from, int to) {
    float sums = 0;
    float products = 0;
    for (int v = from; v < to; v++) {
      float below = Memory.get(logits + 4L * v) * inverseTemperature - blockMax;
      float exp = VectorMath.exp(below);
      sums += exp;
      products = Math.fma(exp, below, products);
    }
    weightedSum = products;
    return sums;
  }

  private float max(long logits, int count) {
    FloatVector most = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
    int v = 0;
    for (; v <= count - LANES; v += LANES) {
      most = most.max(Memory.load(logits + 4L * v).mul(inverseTemperature));
    }
    float largest = most.reduceLanes(VectorOperators.MAX);
    for (; v < count; v++) {
      largest = Math.max(largest, Memory.get(logits + 4L * v) * inverseTemperature);
    }
    return largest;
  }
}
