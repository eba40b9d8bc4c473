package io.whetstone.trainer.loop;

import io.whetstone.model.Transformer;
import io.whetstone.tensor.Workspace;
import io.whetstone.trainer.algorithm.ImportanceCorrection;
import io.whetstone.trainer.algorithm.PolicyMeasures;
import io.whetstone.trainer.algorithm.PolicyObjective;
import io.whetstone.trainer.config.Grpo;
import io.whetstone.trainer.rollout.Packer;
import io.whetstone.trainer.rollout.TrainingSample;
import java.util.List;
import java.util.Optional;

/**
 * Trains the policy on a step's samples: epochs × mini-batches, an optimizer step each.
 *
 * <p>With an {@link ImportanceCorrection} ratios are to the weights the step begins with, and its
 * weights make up for the difference from those that sampled (Hilton et al. 2021, "Batch size
 * invariance for policy optimization": the behaviour and the proximal policy apart). Without one,
 * ratios are to the policy that sampled.
 */
final class PolicyTraining {
  private final Grpo settings;
  private final Transformer policy;
  private final PolicyObjective objective;
  private final Optional<ImportanceCorrection> correction;
  private final PolicyUpdate update;
  private final AdamW optimizer;
  private final Coefficients coefficients;

  PolicyTraining(Grpo settings, Transformer policy, Packer packer, Workspace workspace) {
    this.settings = settings;
    this.policy = policy;
    this.objective = Objectives.objective(settings.objective(), settings.kl());
    this.correction = Objectives.correction(settings.objective().offPolicy());
    this.update =
        new PolicyUpdate(
            policy,
            packer,
            Schedules.reduction(settings.reduction(), settings.reductionLength().orElseThrow()),
            settings.objective().tokenRule(),
            (float) settings.decoding().temperature(),
            workspace);
    this.optimizer = new AdamW(policy, settings.optimization());
    this.coefficients = new Coefficients(settings);
  }

  AdamW optimizer() {
    return optimizer;
  }

  Coefficients coefficients() {
    return coefficients;
  }

  /**
   * What the updates of a step measured.
   *
   * @param mismatch largest |sampling − training logprob| in the first update, whose weights are
   *     those the step began with
   */
  record Updated(PolicyMeasures measures, double gradientNorm, double mismatch) {}

  /**
   * Makes a step's updates; where a value is not finite, finds the sample to blame.
   *
   * @param references log π_ref of each sample's ids, nats; null without a reference
   * @throws NonFiniteException where a value is not finite; updates made before it stay made
   */
  Updated train(List<TrainingSample> samples, float[][] references, double rate) {
    UpdateBatch batch = batch(samples, references);
    try {
      return updates(batch, rate);
    } catch (NonFiniteException e) {
      throw Finite.blame(
          e,
          policy,
          samples.size(),
          s -> update.accumulate(batch.part(s, s + 1), coefficients.in(objective)));
    }
  }

  private UpdateBatch batch(List<TrainingSample> samples, float[][] references) {
    if (correction.isEmpty()) {
      return new UpdateBatch(samples, references);
    }
    float[][] starts = update.scores(samples).logprobs();
    double[][] weights = new double[starts.length][];
    for (int s = 0; s < starts.length; s++) {
      TrainingSample sample = samples.get(s);
      weights[s] = correction.get().weights(starts[s], sample.logprobs(), sample.trained());
    }
    return new UpdateBatch(samples, references, starts, weights);
  }

  private Updated updates(UpdateBatch batch, double rate) {
    PolicyMeasures all = PolicyMeasures.NONE;
    double mismatch = 0;
    double norm = 0;
    int updates = 0;
    int miniBatches = settings.updatesPerBatch().miniBatches();
    for (int epoch = 0; epoch < settings.updatesPerBatch().epochs(); epoch++) {
      for (int[] range : MiniBatches.split(batch.samples(), miniBatches)) {
        UpdateBatch part = batch.part(range[0], range[1]);
        if (!part.trains()) {
          continue;
        }
        PolicyMeasures measures = update.accumulate(part, coefficients.in(objective));
        if (updates++ == 0) {
          mismatch = measures.differenceMax();
        }
        norm = Math.max(norm, optimizer.step(rate));
        coefficients.afterUpdate(measures);
        all = all.plus(measures);
      }
    }
    coefficients.afterStep(all, batch.samples().size());
    return new Updated(all, norm, mismatch);
  }
}
