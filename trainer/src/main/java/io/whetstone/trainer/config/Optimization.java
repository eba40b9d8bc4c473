package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;

/**
 * AdamW and what surrounds it; its keys stand among the stage's.
 *
 * @param learningRate the full rate
 * @param beta1 decay of the mean gradient
 * @param beta2 decay of the mean squared gradient
 * @param adamEpsilon added to the root of the mean squared gradient
 * @param weightDecay decoupled; norms and biases are not decayed
 * @param moments how the two means are held: eight-bit takes a quarter of the memory and is not
 *     exact, since they are rounded at every update. What is exact stays so: sampling and training
 *     agree to the bit, and a run and one that was resumed have the same bits
 * @param maxGradientNorm the gradient is scaled down to this L2 norm; 0 for no clipping
 * @param microBatchTokens tokens in one forward and backward; gradients accumulate over the
 *     micro-batches of a step
 * @param maxSkippedSteps steps of the stage that may be skipped for a value that is not finite; one
 *     more ends the run
 */
public record Optimization(
    double learningRate,
    @Default(value = "{}", source = "see its keys") Schedule schedule,
    @Default(value = "0.9", source = "Adam, Kingma & Ba 2015") double beta1,
    @Default(value = "0.95", source = "GPT-3, Brown et al. 2020, app. B") double beta2,
    @Default(value = "1e-8", source = "Adam, Kingma & Ba 2015") double adamEpsilon,
    @Default(value = "0", source = "TRL's GRPOConfig") double weightDecay,
    @Default(value = "\"f32\"", source = "Adam, Kingma & Ba 2015") MomentPrecision moments,
    @Default(value = "1", source = "GPT-3, Brown et al. 2020, app. B") double maxGradientNorm,
    @Default(value = "8192", source = "fits a laptop's memory at 1 M parameters")
        int microBatchTokens,
    @Default(value = "3", source = "a bad batch passes, a broken run does not")
        int maxSkippedSteps) {

  public Optimization {
    Range.positive("learning-rate", learningRate);
    Range.below("beta1", beta1, 0, 1);
    Range.below("beta2", beta2, 0, 1);
    Range.positive("adam-epsilon", adamEpsilon);
    Range.notNegative("weight-decay", weightDecay);
    Range.notNegative("max-gradient-norm", maxGradientNorm);
    Range.atLeast("micro-batch-tokens", microBatchTokens, 1);
    Range.atLeast("max-skipped-steps", maxSkippedSteps, 0);
  }
}
