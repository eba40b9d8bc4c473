package io.whetstone.trainer.loop;

import io.whetstone.model.Transformer;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
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
    this(policy, packer, policy.compute());
  }

  /**
   * The same.
   *
   * @param compute the type it computes in; F32 for weights that are to be mixed, since small moves
   *     are lost in BF16
   */
  ReferenceModel(Transformer policy, Packer packer, DType compute) {
    this.model = Transformer.create(policy.backend(), policy.config(), compute, false);
    this.packer = packer;
    this.workspace = policy.backend().workspace("reference model");
    refresh(policy);
  }

  /** Becomes the policy as it is now. */
  public void refresh(Transformer policy) {
    model.copyWeightsFrom(policy);
  }

  /**
   * Moves towards the policy as it is now (Gorbatovski et al. 2024, "Learn your reference model for
   * real good alignment", eq. 5).
   *
   * @param mix in (0, 1]; 1 becomes the policy
   */
  public void refresh(Transformer policy, double mix) {
    if (mix == 1) {
      refresh(policy);
      return;
    }
    try (WeightMixer mixer = new WeightMixer(policy)) {
      mixer.mix(policy, model, mix);
    }
  }

  /** Log π_ref of every id of the samples, in nats; 0 for ids that are not trained on. */
  public float[][] logprobs(List<TrainingSample> samples, float temperature) {
    return ModelScores.of(model, samples, packer, temperature, workspace).logprobs();
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
