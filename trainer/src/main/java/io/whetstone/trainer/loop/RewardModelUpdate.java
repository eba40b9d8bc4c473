package io.whetstone.trainer.loop;

import io.whetstone.rewards.models.ScoreModel;
import io.whetstone.trainer.algorithm.RewardModelLoss;
import io.whetstone.trainer.config.RewardModel;
import io.whetstone.trainer.loop.RewardExample.Labelled;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Accumulates the gradient of a reward model's mean loss over examples. */
final class RewardModelUpdate {
  private final RewardModel settings;
  private final ScoreModel model;
  private final RewardModelLoss loss;

  RewardModelUpdate(RewardModel settings, ScoreModel model) {
    this.settings = settings;
    this.model = model;
    this.loss = new RewardModelLoss(settings.margin(), settings.centering());
  }

  /**
   * Adds the gradient to the parameters' gradients.
   *
   * @param metrics takes in what was measured, by the keys of docs/metrics.md
   */
  void accumulate(List<RewardExample> examples, Map<String, Double> metrics) {
    Mean losses = new Mean();
    Mean hits = new Mean();
    model.accumulate(
        RewardExample.scorables(examples),
        settings.optimization().microBatchTokens(),
        scores -> {
          for (int s = 0; s < scores.length; s++) {
            Finite.requireSample("score", scores[s], settings.comparesPairs() ? s / 2 : s);
          }
          return settings.comparesPairs()
              ? pairs(examples, scores, losses, hits)
              : labels(examples, scores, losses, hits);
        });
    metrics.put("reward-model/loss", losses.mean());
    metrics.put("reward-model/accuracy", hits.mean());
  }

  /** Pair i's better completion is scorable 2 i, the worse one the next. */
  private double[][] pairs(
      List<RewardExample> examples, double[][] scores, Mean losses, Mean hits) {
    double[][] slopes = new double[scores.length][];
    int pairs = scores.length / 2;
    for (int i = 0; i < pairs; i++) {
      RewardModelLoss.Pair term =
          loss.with(examples.get(i).margin().orElse(loss.margin()))
              .preference(scores[2 * i][0], scores[2 * i + 1][0]);
      slopes[2 * i] = new double[] {term.better() / pairs};
      slopes[2 * i + 1] = new double[] {term.worse() / pairs};
      losses.add(term.loss());
      hits.add(scores[2 * i][0] > scores[2 * i + 1][0] ? 1 : 0);
    }
    return slopes;
  }

  /** A mean over all labelled tokens of the batch: long solutions count for more. */
  private static double[][] labels(
      List<RewardExample> examples, double[][] scores, Mean losses, Mean hits) {
    int count = 0;
    for (RewardExample example : examples) {
      for (double label : example.completions().getFirst().labels()) {
        count += Double.isNaN(label) ? 0 : 1;
      }
    }
    double[][] slopes = new double[scores.length][];
    for (int e = 0; e < slopes.length; e++) {
      Labelled completion = examples.get(e).completions().getFirst();
      slopes[e] = new double[scores[e].length];
      for (int s = 0; s < slopes[e].length; s++) {
        double label = completion.labels()[s];
        if (!Double.isNaN(label)) {
          RewardModelLoss.Term term = RewardModelLoss.label(scores[e][s], label);
          slopes[e][s] = term.slope() / count;
          losses.add(term.loss());
          hits.add(scores[e][s] >= 0 == label >= 0.5 ? 1 : 0);
        }
      }
    }
    return slopes;
  }

  /** The example behind a value that is not finite; the gradients are zero afterwards. */
  NonFiniteException blame(NonFiniteException found, List<RewardExample> examples) {
    return Finite.blame(
        found,
        model,
        examples.size(),
        i -> accumulate(examples.subList(i, i + 1), new LinkedHashMap<>()));
  }
}
