package io.whetstone.trainer.algorithm;

import io.whetstone.trainer.algorithm.RewardBatch.Earned;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * Advantages composed from parts: rewards (their sum, or each apart, or those of steps) → {@link
 * Normalization} → what tokens pay → compensation → {@link Whitening}.
 *
 * <p>GRPO, Dr. GRPO, RLOO, REINFORCE++, ReMax, OPO, GPG, GDPO, pass@k training, MaxRL and process
 * supervision are settings of it; docs/paper-index.md has them.
 *
 * @param normalization baseline and divisor
 * @param perReward each reward is normalized apart before the weighted sum (GDPO, Liu et al. 2026),
 *     so that one whose values are large or vary much does not drown the others
 * @param supervision what is rewarded
 * @param dropWithoutVariance whether a group whose rewards are all equal is dropped (the filter of
 *     DAPO's dynamic sampling, Yu et al. 2025) or kept. A dropped group is in no mean or deviation
 * @param compensate multiply by completions / completions of groups with variance, so that groups
 *     that teach nothing do not shrink the step (GPG's α, Chu et al. 2025)
 * @param whitening what is done over all completions at the end
 */
public record ComposedAdvantage(
    Normalization normalization,
    boolean perReward,
    Supervision supervision,
    boolean dropWithoutVariance,
    boolean compensate,
    Whitening whitening)
    implements AdvantageEstimator {

  /** GRPO's: the difference from the group's mean, divided as {@code scale} says. */
  public static ComposedAdvantage grpo(
      Scale scale, Deviation deviation, double epsilon, boolean dropWithoutVariance) {
    return new ComposedAdvantage(
        new Normalization(Center.GROUP_MEAN, scale, deviation, epsilon, 1),
        false,
        Supervision.OUTCOME,
        dropWithoutVariance,
        false,
        Whitening.NONE);
  }

  @Override
  public Advantages estimate(RewardBatch batch) {
    List<Signal> signals = signals(batch);
    List<Advantages.Group> outcomes = new ArrayList<>();
    for (RewardBatch.Group group : batch.groups()) {
      outcomes.add(outcome(group, signals, batch.weights()));
    }
    double[][] tokens = column(batch, outcomes, earned -> earned.tokens());
    double[][][] advantages = ofOutcomes(batch, signals, outcomes, tokens);
    if (supervision != Supervision.OUTCOME) {
      addSteps(batch, advantages);
    }
    payCosts(batch, advantages);
    if (compensate) {
      compensate(outcomes, advantages);
    }
    whitening.apply(advantages, tokens, normalization.deviation(), normalization.epsilon());
    return new Advantages(advantages, outcomes);
  }

  /** A number of every completion that is normalized by itself. */
  private record Signal(double weight, ToDoubleFunction<Earned> of) {
    Moments moments(RewardBatch.Group group) {
      return Moments.of(
          group.completions().stream().filter(Earned::present).mapToDouble(of).toArray());
    }
  }

  private List<Signal> signals(RewardBatch batch) {
    List<Signal> signals = new ArrayList<>();
    if (supervision == Supervision.PROCESS) {
      return signals;
    }
    List<Integer> byStep = new ArrayList<>();
    for (int k = 0; k < batch.weights().length; k++) {
      double weight = batch.weights()[k];
      int reward = k;
      if (supervision == Supervision.BOTH && ProcessSupervision.scoresSteps(batch, k)) {
        byStep.add(k);
      } else if (perReward && weight != 0) {
        signals.add(new Signal(weight, earned -> earned.values()[reward]));
      }
    }
    if (!perReward) {
      signals.add(
          new Signal(
              1,
              earned -> {
                double rest = earned.total();
                for (int k : byStep) {
                  double value = earned.values()[k];
                  rest -= Double.isNaN(value) ? 0 : batch.weights()[k] * value;
                }
                return rest;
              }));
    }
    return signals;
  }

  private Advantages.Group outcome(
      RewardBatch.Group group, List<Signal> signals, double[] weights) {
    long present = group.completions().stream().filter(Earned::present).count();
    if (present < normalization.least()) {
      return Advantages.Group.DROPPED_TOO_FEW;
    }
    if (normalization.center() == Center.GREEDY && Double.isNaN(group.greedy())) {
      return Advantages.Group.DROPPED_WITHOUT_BASELINE;
    }
    boolean varied =
        signals.stream().anyMatch(signal -> signal.moments(group).varied())
            || supervision != Supervision.OUTCOME && ProcessSupervision.varied(group, weights);
    if (varied) {
      return Advantages.Group.KEPT;
    }
    return dropWithoutVariance
        ? Advantages.Group.DROPPED_WITHOUT_VARIANCE
        : Advantages.Group.WITHOUT_VARIANCE;
  }

  private double[][][] ofOutcomes(
      RewardBatch batch, List<Signal> signals, List<Advantages.Group> outcomes, double[][] tokens) {
    double[] greedy = batch.groups().stream().mapToDouble(RewardBatch.Group::greedy).toArray();
    double[][][] advantages = new double[outcomes.size()][][];
    for (int g = 0; g < advantages.length; g++) {
      List<Earned> completions = batch.groups().get(g).completions();
      boolean dropped = outcomes.get(g).dropped();
      advantages[g] = new double[completions.size()][];
      Arrays.setAll(
          advantages[g], i -> new double[dropped || !completions.get(i).present() ? 0 : 1]);
    }
    for (Signal signal : signals) {
      double[][] differences =
          normalization.apply(column(batch, outcomes, signal.of()), tokens, greedy);
      for (int g = 0; g < advantages.length; g++) {
        for (int i = 0; i < advantages[g].length; i++) {
          // A reward that is not applicable to a completion adds nothing to it.
          if (advantages[g][i].length > 0 && !Double.isNaN(differences[g][i])) {
            advantages[g][i][0] += signal.weight() * differences[g][i];
          }
        }
      }
    }
    return advantages;
  }

  /** A number of every completion, NaN where it takes no part. */
  private static double[][] column(
      RewardBatch batch, List<Advantages.Group> outcomes, ToDoubleFunction<Earned> of) {
    double[][] column = new double[outcomes.size()][];
    for (int g = 0; g < column.length; g++) {
      boolean dropped = outcomes.get(g).dropped();
      column[g] =
          batch.groups().get(g).completions().stream()
              .mapToDouble(e -> dropped || !e.present() ? Double.NaN : of.applyAsDouble(e))
              .toArray();
    }
    return column;
  }

  private void addSteps(RewardBatch batch, double[][][] advantages) {
    ProcessSupervision process =
        new ProcessSupervision(
            normalization.scale(), normalization.deviation(), normalization.epsilon());
    for (int g = 0; g < advantages.length; g++) {
      double[][] steps = process.advantages(batch.groups().get(g), batch.weights());
      for (int i = 0; i < advantages[g].length; i++) {
        advantages[g][i] = plus(advantages[g][i], steps[i]);
      }
    }
  }

  /** A token's advantage is less by what it and the later ones pay. */
  private static void payCosts(RewardBatch batch, double[][][] advantages) {
    for (int g = 0; g < advantages.length; g++) {
      for (int i = 0; i < advantages[g].length; i++) {
        double[] costs = batch.groups().get(g).completions().get(i).costs();
        double[] owed = new double[costs.length];
        double sum = 0;
        for (int t = costs.length - 1; t >= 0; t--) {
          sum -= costs[t];
          owed[t] = sum;
        }
        advantages[g][i] = plus(advantages[g][i], owed);
      }
    }
  }

  /** One number, or one a token, plus one a token. */
  private static double[] plus(double[] advantages, double[] tokens) {
    if (advantages.length == 0 || tokens.length == 0) {
      return advantages;
    }
    double[] sum = tokens.clone();
    for (int t = 0; t < sum.length; t++) {
      sum[t] += advantages[advantages.length == 1 ? 0 : t];
    }
    return sum;
  }

  private static void compensate(List<Advantages.Group> outcomes, double[][][] advantages) {
    double all = 0;
    double teaching = 0;
    for (int g = 0; g < advantages.length; g++) {
      long trained = Arrays.stream(advantages[g]).filter(own -> own.length > 0).count();
      all += trained;
      teaching += outcomes.get(g) == Advantages.Group.KEPT ? trained : 0;
    }
    double factor = teaching == 0 ? 1 : all / teaching;
    for (double[][] group : advantages) {
      for (double[] own : group) {
        for (int t = 0; t < own.length; t++) {
          own[t] *= factor;
        }
      }
    }
  }
}
