package io.whetstone.trainer.loop;

import io.whetstone.model.Transformer;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import io.whetstone.trainer.rollout.MicroBatch;
import io.whetstone.trainer.rollout.Packer;
import io.whetstone.trainer.rollout.TrainingSample;
import java.util.List;
import java.util.Map;

/** The policy that the trained one is held to: its weights as they were, without gradients. */
public final class ReferenceModel implements AutoCloseable {
  private final Transformer model;
  private final Packer packer;
  private final Workspace workspace;

  /**
   * Takes a copy of the policy's weights. Memory: a number a parameter, of the type the policy
   * computes in, beside the copies a backend makes for products.
   */
  public ReferenceModel(Transformer policy, Packer packer) {
    this.model = Transformer.create(policy.backend(), policy.config(), policy.compute(), false);
    this.packer = packer;
    this.workspace = policy.backend().workspace("reference model");
    refresh(policy);
  }

  /** Becomes the policy as it is now. */
  public void refresh(Transformer policy) {
    model.copyWeightsFrom(policy);
  }

  /** Log π_ref of every id of the samples, in nats; 0 for ids that are not trained on. */
  public float[][] logprobs(List<TrainingSample> samples, float temperature) {
    float[][] logprobs = new float[samples.size()][];
    for (int s = 0; s < logprobs.length; s++) {
      logprobs[s] = new float[samples.get(s).ids().length];
    }
    for (MicroBatch batch : packer.pack(samples)) {
      workspace.reset();
      float[] values =
          model
              .evaluate(batch.tokens(), batch.rows(), batch.targets(), temperature, workspace)
              .logprobs();
      for (int i = 0; i < values.length; i++) {
        logprobs[batch.sample()[i]][batch.position()[i]] = values[i];
      }
    }
    return logprobs;
  }

  /** The weights by name, for a checkpoint to write or to read into. */
  public Map<String, Tensor> weights() {
    return model.weights();
  }

  /** To be called after {@link #weights} were read into. */
  public void weightsRead() {
    model.weightsChanged();
  }

  @Override
  public void close() {
    workspace.close();
    model.close();
  }
}
