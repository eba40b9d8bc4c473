package io.whetstone.trainer.loop;

import io.whetstone.checkpoints.Safetensors;
import io.whetstone.model.Transformer;
import io.whetstone.trainer.config.Average;
import java.io.IOException;
import java.nio.file.Path;

/**
 * The exponential moving average of the policy's weights over a stage's steps: average ← decay ·
 * average + (1 − decay) · policy. It begins anew, as the policy, with every stage. Memory: an F32
 * number for each that is trained, and for each of the largest tensor that is. With adapters it is
 * the average of their factors.
 */
public final class AveragedPolicy implements AutoCloseable {
  /** What may fail while the average stands in for the policy. */
  interface Measurement<T> {
    T run() throws InterruptedException;
  }

  private final Average settings;
  private final Transformer policy;
  private final WeightCopy average;

  public AveragedPolicy(Average settings, Transformer policy) {
    this.settings = settings;
    this.policy = policy;
    this.average = new WeightCopy(policy, "averaged policy");
  }

  /** Becomes the policy as it is now. */
  void begin() {
    average.take();
  }

  /** Takes in the policy after a step. */
  public void step() {
    average.mix(1 - settings.decay());
  }

  boolean isEvaluated() {
    return settings.evaluate();
  }

  /** Measures with the average in the policy's place; the policy is as before afterwards. */
  <T> T inPlaceOfPolicy(Measurement<T> measurement) throws InterruptedException {
    average.exchange();
    try {
      return measurement.run();
    } finally {
      average.exchange();
    }
  }

  void save(Path directory) throws IOException {
    Safetensors.write(
        directory.resolve(RunCheckpoints.AVERAGE), average.tensors(), policy.backend());
  }

  void restore(Path directory) {
    Safetensors.read(
        directory.resolve(RunCheckpoints.AVERAGE), average.tensors(), policy.backend());
  }

  @Override
  public void close() {
    average.close();
  }
}
