package io.whetstone.trainer.loop;

import io.whetstone.model.Transformer;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import io.whetstone.trainer.rollout.Packer;
import io.whetstone.trainer.rollout.TrainingSample;
import java.util.List;
import java.util.Map;

/**
 * The policy that the trained one is held to: its weights as they were, without gradients.
 *
 * <p>Where only adapters are trained, it is the same model with its adapters as they were, or off
 * where they added nothing: no second copy of the weights is held.
 */
public final class ReferenceModel implements AutoCloseable {
  private final Transformer model;
  private final WeightCopy adapters;
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
    this.packer = packer;
    this.workspace = policy.backend().workspace("reference model");
    if (policy.lora().isPresent()) {
      model = policy;
      adapters = new WeightCopy(policy, "reference adapters");
    } else {
      model = Transformer.frozen(policy.backend(), policy.config(), compute, "reference weights");
      adapters = null;
      refresh(policy);
    }
  }

  /** Becomes the policy as it is now. */
  public void refresh(Transformer policy) {
    if (adapters != null) {
      adapters.take();
    } else {
      model.copyWeightsFrom(policy);
    }
  }

  /**
   * Moves towards the policy as it is now (Gorbatovski et al. 2024, "Learn your reference model for
   * real good alignment", eq. 5).
   *
   * @param mix in (0, 1]; 1 becomes the policy
   * @throws IllegalArgumentException with adapters, where mix is not 1: a mixture of two products B
   *     A is no product of their rank
   */
  public void refresh(Transformer policy, double mix) {
    if (mix == 1) {
      refresh(policy);
      return;
    }
    if (adapters != null) {
      throw new IllegalArgumentException(
          "kl.refresh-mix: "
              + mix
              + ": adapters cannot be mixed with earlier ones; leave refresh-mix at 1");
    }
    try (WeightMixer mixer = new WeightMixer(policy)) {
      mixer.mix(policy.trained(), model.trained(), mix);
    }
    model.weightsChanged();
  }

  /** Log π_ref of every id of the samples, in nats; 0 for ids that are not trained on. */
  public float[][] logprobs(List<TrainingSample> samples, float temperature) {
    if (adapters == null) {
      return scores(samples, temperature);
    }
    boolean off = addNothing();
    if (off) {
      model.useAdapters(false);
    } else {
      adapters.exchange();
    }
    try {
      return scores(samples, temperature);
    } finally {
      if (off) {
        model.useAdapters(true);
      } else {
        adapters.exchange();
      }
    }
  }

  private float[][] scores(List<TrainingSample> samples, float temperature) {
    return ModelScores.of(model, samples, packer, temperature, workspace).logprobs();
  }

  /** Whether every B is 0, as adapters start. */
  private boolean addNothing() {
    Backend backend = model.backend();
    return adapters.tensors().entrySet().stream()
        .filter(tensor -> tensor.getKey().endsWith(".lora_B.weight"))
        .allMatch(tensor -> backend.sumOfSquares(tensor.getValue()) == 0);
  }

  /** The weights by name, or the adapters, for a checkpoint to write or to read into. */
  public Map<String, Tensor> weights() {
    return adapters == null ? model.weights() : adapters.tensors();
  }

  /** To be called after {@link #weights} were read into. */
  public void weightsRead() {
    if (adapters == null) {
      model.weightsChanged();
    }
  }

  @Override
  public void close() {
    workspace.close();
    if (adapters == null) {
      model.close();
    } else {
      adapters.close();
    }
  }
}
