package io.whetstone.trainer.algorithm;

import io.whetstone.trainer.algorithm.RewardBatch.Earned;
import io.whetstone.trainer.algorithm.RewardBatch.Step;
import java.util.Arrays;
import java.util.List;

/**
 * Advantages from the rewards of steps (DeepSeekMath, Shao et al. 2024, §4.1.3): with R all step
 * rewards of a group, r̃ = (r − mean(R)) / (std(R) + ε), and the advantage of a token is the sum of
 * the r̃ of the steps that end at it or later.
 *
 * <p>The paper has one reward; where several score steps, each is normalized apart and the sums are
 * weighted. Step rewards that are all equal give exactly 0.
 */
record ProcessSupervision(Scale scale, Deviation deviation, double epsilon) {

  /** Whether any completion of the batch has steps by reward {@code k}. */
  static boolean scoresSteps(RewardBatch batch, int k) {
    return batch.groups().stream()
        .flatMap(g -> g.completions().stream())
        .anyMatch(earned -> !earned.steps().get(k).isEmpty());
  }

  /** Whether two steps of the group have different values, by a reward that counts. */
  static boolean varied(RewardBatch.Group group, double[] weights) {
    for (int k = 0; k < weights.length; k++) {
      if (weights[k] != 0 && moments(group, k).varied()) {
        return true;
      }
    }
    return false;
  }

  /** The advantages of a group's completions by token; absent completions are in no mean. */
  double[][] advantages(RewardBatch.Group group, double[] weights) {
    List<Earned> completions = group.completions();
    double[][] advantages = new double[completions.size()][];
    Arrays.setAll(advantages, i -> new double[completions.get(i).tokens()]);
    for (int k = 0; k < weights.length; k++) {
      Moments all = moments(group, k);
      if (weights[k] == 0 || !all.varied()) {
        continue;
      }
      double divisor = scale == Scale.NONE ? 1 : all.deviation(deviation) + epsilon;
      for (int i = 0; i < advantages.length; i++) {
        if (completions.get(i).present()) {
          for (Step step : completions.get(i).steps().get(k)) {
            double normalized = (step.value() - all.mean()) / divisor;
            int end = Math.min(step.to(), advantages[i].length);
            for (int t = 0; t < end; t++) {
              advantages[i][t] += weights[k] * normalized;
            }
          }
        }
      }
    }
    return advantages;
  }

  private static Moments moments(RewardBatch.Group group, int k) {
    return Moments.of(
        group.completions().stream()
            .filter(Earned::present)
            .flatMap(earned -> earned.steps().get(k).stream())
            .mapToDouble(Step::value)
            .toArray());
  }
}
