package io.whetstone.trainer.rollout;

import io.whetstone.generation.Completion;
import io.whetstone.rewards.Score;
import io.whetstone.rewards.Terms;
import io.whetstone.trainer.algorithm.Advantages;
import io.whetstone.trainer.algorithm.RewardBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Makes training samples of scored groups: one a completion, in order. */
public final class SampleBuilder {
  private final List<ScoredRollout> rollouts;
  private final boolean maskTruncated;

  /**
   * @param maskTruncated whether completions that did not come to their own end stay out of the
   *     loss (DAPO, Yu et al. 2025, §3.4); they still count in their group's mean and deviation
   */
  public SampleBuilder(List<ScoredRollout> rollouts, boolean maskTruncated) {
    this.rollouts = rollouts;
    this.maskTruncated = maskTruncated;
  }

  /** The samples with advantages of 0, all tokens that the policy drew marked as trained on. */
  public List<TrainingSample> unweighted() {
    List<TrainingSample> samples = new ArrayList<>();
    for (int g = 0; g < rollouts.size(); g++) {
      for (Completion completion : rollouts.get(g).rollout().completions()) {
        samples.add(sample(g, completion, new double[0], true));
      }
    }
    return samples;
  }

  /**
   * What the completions earned. Each reward's value is what it counts in the total before its
   * weight: behind a closed gate 0, held within its bounds. An estimator that scales each reward
   * apart (GDPO) would else pay for what the total does not.
   *
   * @param terms of the rewards, in their order
   * @param step of training, on which weights may depend
   * @param penalties what each completion pays from its total, over all groups in order
   * @param costs what each token pays by itself, a row a completion in the same order; empty rows
   *     where none pays
   */
  public RewardBatch rewards(List<Terms> terms, int step, double[] penalties, double[][] costs) {
    double[] weights = terms.stream().mapToDouble(t -> t.weight().at(step)).toArray();
    List<RewardBatch.Group> groups = new ArrayList<>();
    int next = 0;
    for (ScoredRollout rollout : rollouts) {
      double[] totals = rollout.rewards();
      List<RewardBatch.Earned> earned = new ArrayList<>();
      for (int i = 0; i < totals.length; i++, next++) {
        List<Score> scores = scores(rollout, i);
        earned.add(
            new RewardBatch.Earned(
                totals[i] - penalties[next],
                counted(rollout, i, terms),
                rollout.rollout().completions().get(i).ids().length,
                scores.stream().map(SampleBuilder::steps).toList(),
                costs[next]));
      }
      groups.add(new RewardBatch.Group(earned, rollout.baseline()));
    }
    return new RewardBatch(weights, groups);
  }

  private static double[] counted(ScoredRollout rollout, int completion, List<Terms> terms) {
    Map<String, List<Score>> scores = rollout.scores().scores();
    List<String> names = List.copyOf(scores.keySet());
    return IntStream.range(0, names.size())
        .mapToDouble(r -> terms.get(r).counted(names.get(r), scores, completion))
        .toArray();
  }

  /** A completion's scores, one a reward. */
  private static List<Score> scores(ScoredRollout rollout, int completion) {
    return rollout.scores().scores().values().stream().map(all -> all.get(completion)).toList();
  }

  private static List<RewardBatch.Step> steps(Score score) {
    return score.steps().stream()
        .map(step -> new RewardBatch.Step(step.tokenFrom(), step.tokenTo(), step.value()))
        .toList();
  }

  /** The samples with their advantages; what takes no part has no trained token. */
  public List<TrainingSample> build(Advantages advantages) {
    List<TrainingSample> samples = new ArrayList<>();
    for (int g = 0; g < rollouts.size(); g++) {
      List<Completion> completions = rollouts.get(g).rollout().completions();
      for (int i = 0; i < completions.size(); i++) {
        Completion completion = completions.get(i);
        boolean trained =
            advantages.trained(g, i) && !(maskTruncated && completion.stop().truncated());
        double[] values =
            trained ? advantages.perToken(g, i, completion.ids().length) : new double[0];
        samples.add(sample(g, completion, values, trained));
      }
    }
    return samples;
  }

  /**
   * @param values one a token; empty for 0
   */
  private TrainingSample sample(
      int group, Completion completion, double[] values, boolean trained) {
    boolean[] marks = new boolean[completion.ids().length];
    float[] advantages = new float[marks.length];
    for (int t = 0; t < marks.length; t++) {
      // What was put in is not the policy's doing: it gets neither blame nor praise.
      marks[t] = trained && !completion.forced()[t];
      advantages[t] = marks[t] && values.length > 0 ? (float) values[t] : 0;
    }
    return new TrainingSample(
        rollouts.get(group).rollout().prompt(),
        completion.ids(),
        completion.logprobs(),
        marks,
        advantages,
        group);
  }
}
