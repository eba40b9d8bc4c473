package io.whetstone.nd4j;

import io.whetstone.tensor.Sampling;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * One row's draw as {@link Sampling} says, in double precision on the host: what filters and sorts
 * is no work for arrays.
 */
final class TokenSampler {
  private final float[] logits;
  private final Sampling sampling;

  TokenSampler(float[] logits, Sampling sampling) {
    this.logits = logits;
    this.sampling = sampling;
  }

  /** z[token] − log Σ_v exp z[v] with z = logits / temperature, over the whole vocabulary. */
  float logprob(int token) {
    double temperature = sampling.logprobTemperature();
    double max = Double.NEGATIVE_INFINITY;
    for (float logit : logits) {
      max = Math.max(max, logit);
    }
    double sum = 0;
    for (float logit : logits) {
      sum += StrictMath.exp((logit - max) / temperature);
    }
    return (float) ((logits[token] - max) / temperature - StrictMath.log(sum));
  }

  int draw(double uniform) {
    boolean[] suppressed = new boolean[logits.length];
    for (int token : sampling.suppressed()) {
      suppressed[token] = true;
    }
    int likeliest = -1;
    for (int v = 0; v < logits.length; v++) {
      if (!suppressed[v] && (likeliest < 0 || logits[v] > logits[likeliest])) {
        likeliest = v;
      }
    }
    if (sampling.temperature() == 0) {
      return likeliest;
    }
    // Relative to the likeliest, whose weight is 1.
    double[] weights = new double[logits.length];
    for (int v = 0; v < weights.length; v++) {
      double below = ((double) logits[v] - logits[likeliest]) / sampling.temperature();
      weights[v] = suppressed[v] ? 0 : StrictMath.exp(below);
    }
    if (sampling.topK() > 0 || sampling.topP() < 1 || sampling.minP() > 0) {
      filter(weights);
    }
    return firstBeyond(uniform * Arrays.stream(weights).sum(), weights);
  }

  /** Top-k, top-p and min-p keep a prefix of the tokens by falling weight, then rising id. */
  private void filter(double[] weights) {
    int[] order =
        IntStream.range(0, weights.length)
            .filter(v -> weights[v] > 0)
            .boxed()
            .sorted((a, b) -> logits[a] == logits[b] ? a - b : logits[a] > logits[b] ? -1 : 1)
            .mapToInt(v -> v)
            .toArray();
    int most = sampling.topK() == 0 ? order.length : Math.min(sampling.topK(), order.length);
    double total = Arrays.stream(order, 0, most).mapToDouble(v -> weights[v]).sum();
    double enough = sampling.topP() < 1 ? sampling.topP() * total : Double.POSITIVE_INFINITY;
    double sum = 0;
    int kept = 0;
    while (kept < most && sum < enough && weights[order[kept]] >= sampling.minP()) {
      sum += weights[order[kept++]];
    }
    for (int i = kept; i < order.length; i++) {
      weights[order[i]] = 0;
    }
  }

  /** The first token whose cumulative weight exceeds this; rounding may ask for the last one. */
  private static int firstBeyond(double threshold, double[] weights) {
    double cumulative = 0;
    int last = -1;
    for (int v = 0; v < weights.length; v++) {
      if (weights[v] > 0) {
        last = v;
        cumulative += weights[v];
        if (cumulative > threshold) {
          return v;
        }
      }
    }
    return last;
  }
}
