package io.whetstone.trainer.loop;

import io.whetstone.model.Logprobs;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.Workspace;
import io.whetstone.trainer.rollout.MicroBatch;
import io.whetstone.trainer.rollout.Packer;
import io.whetstone.trainer.rollout.TrainingSample;
import java.util.List;

/**
 * What a model says of samples, without gradients: a row a sample, one value an id, 0 for ids that
 * are not trained on.
 *
 * @param logprobs of the ids, nats
 * @param entropies at the ids' positions, nats
 */
record ModelScores(float[][] logprobs, float[][] entropies) {

  /** Computes the samples in micro-batches; the workspace is used up to nothing. */
  static ModelScores of(
      Transformer model,
      List<TrainingSample> samples,
      Packer packer,
      float temperature,
      Workspace workspace) {
    float[][] logprobs = new float[samples.size()][];
    float[][] entropies = new float[samples.size()][];
    for (int s = 0; s < logprobs.length; s++) {
      logprobs[s] = new float[samples.get(s).ids().length];
      entropies[s] = new float[samples.get(s).ids().length];
    }
    for (MicroBatch batch : packer.pack(samples)) {
      workspace.reset();
      Logprobs scores =
          model.evaluate(batch.tokens(), batch.rows(), batch.targets(), temperature, workspace);
      for (int i = 0; i < batch.size(); i++) {
        logprobs[batch.sample()[i]][batch.position()[i]] = scores.logprobs()[i];
        entropies[batch.sample()[i]][batch.position()[i]] = scores.entropy()[i];
      }
    }
    return new ModelScores(logprobs, entropies);
  }
}
