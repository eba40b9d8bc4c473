package io.whetstone.trainer.loop;

import io.whetstone.trainer.rollout.TrainingSample;
import java.util.Arrays;
import java.util.List;

/**
 * What an update trains on; rows of one sample stand at one index.
 *
 * @param references log π_ref of each sample's ids, nats; null without a reference
 * @param starts log π of each sample's ids at the weights the step began with, nats; null where
 *     ratios are to the policy that sampled
 * @param corrections importance weights of each sample's ids that come with {@code starts}; null
 *     without
 */
record UpdateBatch(
    List<TrainingSample> samples, float[][] references, float[][] starts, double[][] corrections) {

  /** With ratios to the policy that sampled. */
  UpdateBatch(List<TrainingSample> samples, float[][] references) {
    this(samples, references, null, null);
  }

  /** The samples [from, to). */
  UpdateBatch part(int from, int to) {
    return new UpdateBatch(
        samples.subList(from, to),
        references == null ? null : Arrays.copyOfRange(references, from, to),
        starts == null ? null : Arrays.copyOfRange(starts, from, to),
        corrections == null ? null : Arrays.copyOfRange(corrections, from, to));
  }

  /** Log π_old of a sample's ids, that ratios are to. */
  float[] old(int sample) {
    return starts == null ? samples.get(sample).logprobs() : starts[sample];
  }

  /** Whether any token is trained on. */
  boolean trains() {
    return samples.stream().anyMatch(sample -> sample.trainedTokens() > 0);
  }
}
