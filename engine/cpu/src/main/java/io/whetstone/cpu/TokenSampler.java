package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.SPECIES;

import io.whetstone.tensor.Sampling;
import io.whetstone.tensor.Tensor;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/** Draws tokens from rows of logits, as {@link Sampling} says. */
final class TokenSampler {
  private final Workers workers;

  TokenSampler(Workers workers) {
    this.workers = workers;
  }

  void sample(Tensor logits, Sampling[] rows, double[] uniforms, int[] tokens, float[] logprobs) {
    int vocabulary = logits.columns();
    Ranges.run(
        workers,
        rows.length,
        16L * vocabulary,
        1,
        (from, to) -> {
          LogSoftmax softmax = new LogSoftmax(vocabulary);
          float[] z = new float[vocabulary];
          for (int r = from; r < to; r++) {
            long row = Memory.address(logits) + 4L * vocabulary * r;
            softmax.read(row, rows[r].logprobTemperature());
            if (!Float.isFinite(softmax.logSumExp())) {
              throw new IllegalArgumentException("logits: row " + r + " is not finite");
            }
            scaled(row, LogSoftmax.inverse(rows[r].logprobTemperature()), z);
            tokens[r] = draw(z, rows[r], uniforms[r]);
            logprobs[r] = softmax.logprob(tokens[r]);
          }
        });
  }

  private static void scaled(long row, float factor, float[] z) {
    int v = 0;
    for (; v <= z.length - LANES; v += LANES) {
      Memory.load(row + 4L * v).mul(factor).intoArray(z, v);
    }
    for (; v < z.length; v++) {
      z[v] = Memory.get(row + 4L * v) * factor;
    }
  }

  /** Overwrites {@code z}. */
  private static int draw(float[] z, Sampling sampling, double uniform) {
    for (int token : sampling.suppressed()) {
      z[token] = Float.NEGATIVE_INFINITY;
    }
    int likeliest = likeliest(z);
    if (z[likeliest] == Float.NEGATIVE_INFINITY) {
      throw new IllegalArgumentException("sampling: every token is suppressed");
    }
    if (sampling.temperature() == 0) {
      return likeliest;
    }
    double total = exponentiate(z, z[likeliest]);
    if (sampling.topK() > 0 || sampling.topP() < 1 || sampling.minP() > 0) {
      total = filter(z, sampling, total);
    }
    double threshold = uniform * total;
    double cumulative = 0;
    int last = likeliest;
    for (int v = 0; v < z.length; v++) {
      if (z[v] > 0) {
        cumulative += z[v];
        last = v;
        if (cumulative > threshold) {
          return v;
        }
      }
    }
    return last;
  }

  private static int likeliest(float[] z) {
    int best = 0;
    for (int v = 1; v < z.length; v++) {
      if (z[v] > z[best]) {
        best = v;
      }
    }
    return best;
  }

  /** z[v] becomes exp(z[v] − max); returns their sum in the order of v. */
  private static double exponentiate(float[] z, float max) {
    int v = 0;
    for (; v <= z.length - LANES; v += LANES) {
      VectorMath.exp(FloatVector.fromArray(SPECIES, z, v).sub(max)).intoArray(z, v);
    }
    for (; v < z.length; v++) {
      z[v] = VectorMath.exp(z[v] - max);
    }
    double sum = 0;
    for (float weight : z) {
      sum += weight;
    }
    return sum;
  }

  /**
   * Sets to 0 what top-k, top-p and min-p drop, and returns the sum of the rest. Each of the three
   * keeps a prefix of the tokens in the order of falling probability, so the shortest one decides.
   */
  private static double filter(float[] weights, Sampling sampling, double total) {
    // The likeliest weighs 1. Of what top-p drops, at least all tokens below this bound.
    double least = Math.max(sampling.minP(), (1 - sampling.topP()) * total / weights.length * 0.5);
    long[] order = new long[weights.length];
    int count = 0;
    for (int v = 0; v < weights.length; v++) {
      if (weights[v] > 0 && weights[v] >= least) {
        // Weights are positive, so their bits have their order; falling, then by rising id.
        order[count++] = ((long) ~Float.floatToRawIntBits(weights[v]) << 32) | v;
      }
    }
    Arrays.sort(order, 0, count);
    if (sampling.topK() > 0) {
      count = Math.min(count, sampling.topK());
    }
    double enough = sampling.topP() < 1 ? sampling.topP() * total : Double.POSITIVE_INFINITY;
    double sum = 0;
    int kept = 0;
    while (kept < count && sum < enough) {
      sum += weights[(int) order[kept++]];
    }
    float[] all = weights.clone();
    Arrays.fill(weights, 0);
    for (int i = 0; i < kept; i++) {
      int token = (int) order[i];
      weights[token] = all[token];
    }
    return sum;
  }
}
