package io.whetstone.tensor.conformance;

import io.whetstone.tensor.Sampling;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Drawing a token as {@link Sampling} says, in double precision. */
final class ReferenceSampling {
  private ReferenceSampling() {}

  /**
   * A token, and how far the nearest decision was from going the other way: a backend in binary32
   * need only agree where that is more than its rounding.
   */
  record Draw(int token, double margin) {}

  static Draw draw(double[] logits, Sampling sampling, double uniform) {
    List<Integer> likeliestFirst =
        IntStream.range(0, logits.length)
            .filter(v -> Arrays.stream(sampling.suppressed()).noneMatch(s -> s == v))
            .boxed()
            .sorted(
                Comparator.comparingDouble((Integer v) -> 0.0 - logits[v]).thenComparing(v -> v))
            .toList();
    if (sampling.temperature() == 0) {
      return new Draw(likeliestFirst.getFirst(), Double.POSITIVE_INFINITY);
    }
    double[] p = softmax(logits, likeliestFirst, sampling.temperature());
    double margin = Double.POSITIVE_INFINITY;

    List<Integer> kept = likeliestFirst;
    if (sampling.topK() > 0 && sampling.topK() < kept.size()) {
      kept = kept.subList(0, sampling.topK());
    }
    if (sampling.topP() < 1) {
      double enough = sampling.topP() * kept.stream().mapToDouble(v -> p[v]).sum();
      double sum = 0;
      int length = 0;
      while (length < kept.size() && sum < enough) {
        sum += p[kept.get(length++)];
        margin = Math.min(margin, Math.abs(sum - enough));
      }
      kept = kept.subList(0, length);
    }
    List<Integer> left = new ArrayList<>();
    for (int v : kept) {
      double ratio = p[v] / p[likeliestFirst.getFirst()];
      if (sampling.minP() > 0) {
        margin = Math.min(margin, Math.abs(ratio - sampling.minP()));
      }
      if (ratio >= sampling.minP()) {
        left.add(v);
      }
    }

    left.sort(Comparator.naturalOrder());
    double total = left.stream().mapToDouble(v -> p[v]).sum();
    double cumulative = 0;
    int drawn = -1;
    for (int v : left) {
      cumulative += p[v] / total;
      margin = Math.min(margin, Math.abs(cumulative - uniform));
      if (drawn < 0 && cumulative > uniform) {
        drawn = v;
      }
    }
    return new Draw(drawn < 0 ? left.getLast() : drawn, margin);
  }

  /** Probabilities of the tokens left, 0 for the others. */
  private static double[] softmax(double[] logits, List<Integer> left, double temperature) {
    double largest = logits[left.getFirst()];
    double sum = 0;
    double[] p = new double[logits.length];
    for (int v : left) {
      p[v] = Math.exp((logits[v] - largest) / temperature);
      sum += p[v];
    }
    for (int v : left) {
      p[v] /= sum;
    }
    return p;
  }
}
