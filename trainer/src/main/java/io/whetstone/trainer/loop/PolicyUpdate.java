package io.whetstone.trainer.loop;

import io.whetstone.model.Scored;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.Workspace;
import io.whetstone.trainer.algorithm.LossReduction;
import io.whetstone.trainer.algorithm.PolicyMeasures;
import io.whetstone.trainer.algorithm.PolicyObjective;
import io.whetstone.trainer.algorithm.PolicyTokens;
import io.whetstone.trainer.rollout.MicroBatch;
import io.whetstone.trainer.rollout.Packer;
import io.whetstone.trainer.rollout.TrainingSample;
import java.util.Arrays;
import java.util.List;

/**
 * Accumulates the gradient of the policy's objective over a set of samples: for each micro-batch
 * forward, objective, backward. The weights of tokens come from the whole set, so how it is cut
 * into micro-batches does not change the sum.
 */
final class PolicyUpdate {
  private final Transformer policy;
  private final Packer packer;
  private final PolicyObjective objective;
  private final LossReduction reduction;
  private final float temperature;
  private final Workspace workspace;

  PolicyUpdate(
      Transformer policy,
      Packer packer,
      PolicyObjective objective,
      LossReduction reduction,
      float temperature,
      Workspace workspace) {
    this.policy = policy;
    this.packer = packer;
    this.objective = objective;
    this.reduction = reduction;
    this.temperature = temperature;
    this.workspace = workspace;
  }

  /**
   * Adds the gradient to the parameters' gradients.
   *
   * @param references the reference's logprobs for each sample, or null without a reference
   * @return what was measured on the way
   */
  PolicyMeasures accumulate(List<TrainingSample> samples, float[][] references) {
    double[] weights =
        reduction.weights(samples.stream().mapToInt(TrainingSample::trainedTokens).toArray());
    PolicyMeasures measures = PolicyMeasures.NONE;
    for (MicroBatch batch : packer.pack(samples, this::teaches)) {
      workspace.reset();
      Scored scored =
          policy.score(batch.tokens(), batch.rows(), batch.targets(), temperature, workspace);
      Finite.requireTokens("logprob", scored.logprobs(), batch);
      PolicyObjective.Result result =
          objective.evaluate(tokens(batch, scored, samples, references, weights));
      float[] dEntropies =
          result.dEntropies() == null ? new float[batch.size()] : result.dEntropies();
      policy.backward(scored, result.dLogprobs(), dEntropies, workspace);
      measures = measures.plus(result.measures());
    }
    return measures;
  }

  /**
   * Whether a sample has a gradient. Where advantages are all the objective has, a sample whose
   * advantages are 0 adds exactly nothing, so it is not computed; it still counts in the weights.
   */
  private boolean teaches(TrainingSample sample) {
    if (objective.klCoefficient() > 0 || objective.entropyCoefficient() != 0) {
      return true;
    }
    for (float advantage : sample.advantages()) {
      if (advantage != 0) {
        return true;
      }
    }
    return false;
  }

  private static PolicyTokens tokens(
      MicroBatch batch,
      Scored scored,
      List<TrainingSample> samples,
      float[][] references,
      double[] weights) {
    int n = batch.size();
    float[] old = new float[n];
    float[] reference = references == null ? null : new float[n];
    float[] advantages = new float[n];
    double[] tokenWeights = new double[n];
    boolean[] trained = new boolean[n];
    Arrays.fill(trained, true);
    for (int i = 0; i < n; i++) {
      int s = batch.sample()[i];
      int position = batch.position()[i];
      old[i] = samples.get(s).logprobs()[position];
      advantages[i] = samples.get(s).advantages()[position];
      tokenWeights[i] = weights[s];
      if (reference != null) {
        reference[i] = references[s][position];
      }
    }
    return new PolicyTokens(
        scored.logprobs(), old, reference, scored.entropy(), advantages, tokenWeights, trained);
  }
}
