package io.whetstone.trainer.loop;

import io.whetstone.model.Transformer;
import io.whetstone.tensor.Workspace;
import io.whetstone.trainer.rollout.MicroBatch;
import io.whetstone.trainer.rollout.Packer;
import io.whetstone.trainer.rollout.TrainingSample;
import java.util.List;

/** Computes what a model thinks of given tokens, without gradients. */
final class TokenScores {
  private TokenScores() {}

  /** Log π of every id of the samples, in nats; 0 for ids that are not trained on. */
  static float[][] logprobs(
      Transformer model,
      Packer packer,
      Workspace workspace,
      List<TrainingSample> samples,
      float temperature) {
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
}
