package io.whetstone.trainer.loop;

import io.whetstone.model.Scored;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.Workspace;
import io.whetstone.trainer.algorithm.LossReduction;
import io.whetstone.trainer.algorithm.PolicyMeasures;
import io.whetstone.trainer.algorithm.PolicyObjective;
import io.whetstone.trainer.algorithm.PolicyTokens;
import io.whetstone.trainer.algorithm.TokenRule;
import io.whetstone.trainer.rollout.MicroBatch;
import io.whetstone.trainer.rollout.Packer;
import io.whetstone.trainer.rollout.TrainingSample;
import java.util.List;
import java.util.Optional;

/**
 * Accumulates the gradient of the policy's objective over a set of samples: for each micro-batch
 * forward, objective, backward.
 *
 * <p>What a token counts comes from the whole set, so how it is cut into micro-batches does not
 * change the sum. A {@link TokenRule} needs the whole set's logprobs and entropies before the first
 * micro-batch; they are computed in a forward pass of their own, which costs about a third of the
 * update.
 */
final class PolicyUpdate {
  private final Transformer policy;
  private final Packer packer;
  private final LossReduction reduction;
  private final Optional<TokenRule> rule;
  private final float temperature;
  private final Workspace workspace;

  PolicyUpdate(
      Transformer policy,
      Packer packer,
      LossReduction reduction,
      Optional<TokenRule> rule,
      float temperature,
      Workspace workspace) {
    this.policy = policy;
    this.packer = packer;
    this.reduction = reduction;
    this.rule = rule;
    this.temperature = temperature;
    this.workspace = workspace;
  }

  /** What the policy as it is says of samples. */
  ModelScores scores(List<TrainingSample> samples) {
    return ModelScores.of(policy, samples, packer, temperature, workspace);
  }

  /**
   * Adds the gradient to the parameters' gradients.
   *
   * @return what was measured on the way
   */
  PolicyMeasures accumulate(UpdateBatch update, PolicyObjective objective) {
    Counts counts = counts(update, objective);
    PolicyMeasures measures = PolicyMeasures.NONE;
    for (MicroBatch batch : packer.pack(update.samples(), s -> teaches(s, objective))) {
      workspace.reset();
      Scored scored =
          policy.score(batch.tokens(), batch.rows(), batch.targets(), temperature, workspace);
      Finite.requireTokens("logprob", scored.logprobs(), batch);
      PolicyObjective.Result result = objective.evaluate(tokens(batch, scored, update, counts));
      float[] dEntropies =
          result.dEntropies() == null ? new float[batch.size()] : result.dEntropies();
      policy.backward(scored, result.dLogprobs(), dEntropies, workspace);
      measures = measures.plus(result.measures());
    }
    return measures;
  }

  /**
   * What the tokens count in the whole update.
   *
   * @param weights of the reduction, one a sample
   * @param marks of the rule, a row a sample; null without a rule
   * @param entropyMass what the weights of the entropies add up to
   */
  private record Counts(double[] weights, boolean[][] marks, double entropyMass) {}

  private Counts counts(UpdateBatch update, PolicyObjective objective) {
    List<TrainingSample> samples = update.samples();
    double[] weights =
        reduction.weights(
            samples.stream().mapToInt(TrainingSample::trainedTokens).toArray(),
            samples.stream().mapToInt(TrainingSample::group).toArray());
    boolean[][] marks =
        rule.map(r -> TokenMarks.of(r, update, scores(samples), objective.policyLoss()))
            .orElse(null);
    double entropyMass = 0;
    for (int s = 0; s < samples.size(); s++) {
      boolean[] trained = samples.get(s).trained();
      for (int t = 0; t < trained.length; t++) {
        if (trained[t]) {
          entropyMass += marks == null ? 1 : rule.orElseThrow().entropyWeight(marks[s][t]);
        }
      }
    }
    return new Counts(weights, marks, entropyMass);
  }

  /**
   * Whether a sample has a gradient. Where advantages are all the objective has, a sample whose
   * advantages are 0 adds exactly nothing, so it is not computed; it still counts in the weights.
   */
  private boolean teaches(TrainingSample sample, PolicyObjective objective) {
    if (objective.klCoefficient() > 0
        || objective.entropyCoefficient() != 0
        || rule.filter(TokenRule::penalizes).isPresent()) {
      return true;
    }
    for (float advantage : sample.advantages()) {
      if (advantage != 0) {
        return true;
      }
    }
    return false;
  }

  private PolicyTokens tokens(MicroBatch batch, Scored scored, UpdateBatch update, Counts counts) {
    int n = batch.size();
    float[] old = new float[n];
    float[] sampled = new float[n];
    float[] reference = update.references() == null ? null : new float[n];
    float[] advantages = new float[n];
    boolean weighed = counts.marks != null || update.corrections() != null;
    PolicyTokens.Weights weights =
        new PolicyTokens.Weights(
            new double[n],
            weighed ? new double[n] : null,
            counts.marks == null ? null : new double[n],
            new double[n]);
    for (int i = 0; i < n; i++) {
      int s = batch.sample()[i];
      int t = batch.position()[i];
      old[i] = update.old(s)[t];
      sampled[i] = update.samples().get(s).logprobs()[t];
      advantages[i] = update.samples().get(s).advantages()[t];
      if (reference != null) {
        reference[i] = update.references()[s][t];
      }
      weights.loss()[i] = counts.weights[s];
      weights.entropy()[i] = 1 / counts.entropyMass;
      if (weighed) {
        weights.policy()[i] = update.corrections() == null ? 1 : update.corrections()[s][t];
      }
      if (counts.marks != null) {
        boolean mark = counts.marks[s][t];
        weights.policy()[i] *= rule.orElseThrow().policyWeight(mark);
        weights.penalty()[i] = rule.orElseThrow().penalty(mark);
        weights.entropy()[i] *= rule.orElseThrow().entropyWeight(mark);
      }
    }
    return new PolicyTokens(
        scored.logprobs(),
        old,
        sampled,
        reference,
        scored.entropy(),
        advantages,
        batch.sample(),
        weights);
  }
}
