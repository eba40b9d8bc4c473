package io.whetstone.trainer.loop;

import io.whetstone.model.Parameter;
import io.whetstone.model.Trainable;
import io.whetstone.tensor.Backend;
import io.whetstone.trainer.rollout.MicroBatch;
import io.whetstone.trainer.rollout.ScoredRollout;
import io.whetstone.trainer.rollout.TrainingSample;
import java.util.List;
import java.util.function.IntConsumer;

/** Checks that what a step computes is finite, and finds out what is to blame where it is not. */
final class Finite {
  private Finite() {}

  /** Values of a micro-batch's tokens; the sample of the first bad one is named. */
  static void requireTokens(String tensor, float[] values, MicroBatch batch) {
    for (int i = 0; i < values.length; i++) {
      if (!Float.isFinite(values[i])) {
        throw new NonFiniteException(tensor, values[i], batch.sample()[i]);
      }
    }
  }

  /** Values of one sample. */
  static void requireSample(String tensor, float[] values, int sample) {
    for (float value : values) {
      if (!Float.isFinite(value)) {
        throw new NonFiniteException(tensor, value, sample);
      }
    }
  }

  /** Values of one sample. */
  static void requireSample(String tensor, double[] values, int sample) {
    for (double value : values) {
      if (!Double.isFinite(value)) {
        throw new NonFiniteException(tensor, value, sample);
      }
    }
  }

  /** What samples carry: sampling logprobs, and the advantages of tokens that are trained on. */
  static void requireSamples(List<TrainingSample> samples) {
    for (int s = 0; s < samples.size(); s++) {
      TrainingSample sample = samples.get(s);
      requireSample("sampling logprob", sample.logprobs(), s);
      requireSample("advantage", sample.advantages(), s);
    }
  }

  /** The accumulated gradients; the first bad parameter is named. */
  static void requireGradients(Trainable model) {
    Backend backend = model.backend();
    for (Parameter parameter : model.parameters()) {
      double squares = backend.sumOfSquares(parameter.gradient());
      if (!Double.isFinite(squares)) {
        throw new NonFiniteException(
            "gradient of " + parameter.name(), squares, NonFiniteException.NO_SAMPLE);
      }
    }
  }

  /** The groups' rewards; NaN stands for an absent one. */
  static void requireRewards(List<ScoredRollout> groups) {
    int sample = 0;
    for (ScoredRollout group : groups) {
      for (double reward : group.rewards()) {
        if (Double.isInfinite(reward)) {
          throw new NonFiniteException("reward", reward, sample);
        }
        sample++;
      }
    }
  }

  /**
   * Finds the sample behind a bad value: each is computed alone, the gradients are zero afterwards.
   *
   * @param count samples of the step
   * @param accumulate adds one sample's gradient
   * @return the complaint with its sample, or with the weight to blame where one is not finite;
   *     with no sample where none alone is bad
   */
  static NonFiniteException blame(
      NonFiniteException found, Trainable model, int count, IntConsumer accumulate) {
    model.zeroGradients();
    for (Parameter parameter : model.parameters()) {
      if (!model.backend().allFinite(parameter.value())) {
        return new NonFiniteException(
            "weight " + parameter.name(), Double.NaN, NonFiniteException.NO_SAMPLE);
      }
    }
    for (int s = 0; s < count; s++) {
      try {
        accumulate.accept(s);
        requireGradients(model);
      } catch (NonFiniteException e) {
        return e.of(s);
      } finally {
        model.zeroGradients();
      }
    }
    return found.of(NonFiniteException.NO_SAMPLE);
  }
}
