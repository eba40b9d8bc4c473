package io.whetstone.trainer.rollout;

import io.whetstone.generation.Completion;
import io.whetstone.trainer.algorithm.Advantages;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

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

  /** The samples with advantages of 0, all their tokens marked as trained on. */
  public List<TrainingSample> unweighted() {
    List<TrainingSample> samples = new ArrayList<>();
    for (int g = 0; g < rollouts.size(); g++) {
      for (Completion completion : rollouts.get(g).rollout().completions()) {
        samples.add(sample(g, completion, 0, true));
      }
    }
    return samples;
  }

  /**
   * Rewards by group and completion, less what each completion pays.
   *
   * @param penalties one a completion, over all groups in order
   */
  public double[][] rewards(double[] penalties) {
    double[][] rewards = new double[rollouts.size()][];
    int next = 0;
    for (int g = 0; g < rewards.length; g++) {
      rewards[g] = rollouts.get(g).rewards();
      for (int i = 0; i < rewards[g].length; i++) {
        rewards[g][i] -= penalties[next++];
      }
    }
    return rewards;
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
        float advantage = trained ? (float) advantages.values()[g][i] : 0;
        samples.add(sample(g, completion, advantage, trained));
      }
    }
    return samples;
  }

  private TrainingSample sample(
      int group, Completion completion, float advantage, boolean trained) {
    boolean[] marks = new boolean[completion.ids().length];
    Arrays.fill(marks, trained);
    float[] advantages = new float[marks.length];
    Arrays.fill(advantages, advantage);
    return new TrainingSample(
        rollouts.get(group).rollout().prompt(),
        completion.ids(),
        completion.logprobs(),
        marks,
        advantages,
        group);
  }
}
