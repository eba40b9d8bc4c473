package io.whetstone.trainer.loop;

import io.whetstone.model.Scored;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.Workspace;
import io.whetstone.trainer.algorithm.LossReduction;
import io.whetstone.trainer.rollout.MicroBatch;
import io.whetstone.trainer.rollout.Packer;
import io.whetstone.trainer.rollout.TrainingSample;
import java.util.List;

/**
 * Accumulates the gradient of a weighted log-likelihood: loss = −Σ w_t · a_t · log π(token t), with
 * w from the reduction over the whole set and a the samples' advantages: 1 for demonstrations.
 */
final class SupervisedUpdate implements AutoCloseable {
  private final Transformer policy;
  private final Packer packer;
  private final LossReduction reduction;
  private final Workspace workspace;

  SupervisedUpdate(Transformer policy, Packer packer, LossReduction reduction) {
    this.policy = policy;
    this.packer = packer;
    this.reduction = reduction;
    this.workspace = policy.backend().workspace("activations");
  }

  /**
   * Adds the gradient to the parameters' gradients.
   *
   * @return the loss, in nats
   * @throws NonFiniteException naming the sample whose logprob is not finite
   */
  double accumulate(List<TrainingSample> samples) {
    double[] weights =
        reduction.weights(
            samples.stream().mapToInt(TrainingSample::trainedTokens).toArray(),
            samples.stream().mapToInt(TrainingSample::group).toArray());
    double loss = 0;
    for (MicroBatch batch : packer.pack(samples)) {
      workspace.reset();
      Scored scored = policy.score(batch.tokens(), batch.rows(), batch.targets(), 1, workspace);
      Finite.requireTokens("logprob", scored.logprobs(), batch);
      float[] dLogprobs = new float[batch.size()];
      for (int i = 0; i < dLogprobs.length; i++) {
        int s = batch.sample()[i];
        double weight = weights[s] * samples.get(s).advantages()[batch.position()[i]];
        loss -= weight * scored.logprobs()[i];
        dLogprobs[i] = (float) -weight;
      }
      policy.backward(scored, dLogprobs, new float[batch.size()], workspace);
    }
    return loss;
  }

  /** The sample behind a value that is not finite; the gradients are zero afterwards. */
  NonFiniteException blame(NonFiniteException found, List<TrainingSample> samples) {
    return Finite.blame(found, policy, samples.size(), s -> accumulate(samples.subList(s, s + 1)));
  }

  @Override
  public void close() {
    workspace.close();
  }
}
