package io.whetstone.tensor;

/**
 * One step of AdamW (Loshchilov & Hutter 2019, algorithm 2, PyTorch's form).
 *
 * @param learningRate this step's rate, schedule applied
 * @param beta1 decay of the first moment
 * @param beta2 decay of the second moment
 * @param epsilon added to the root of the second moment
 * @param weightDecay decoupled: w ← w − rate · decay · w
 * @param step counts from 1, for bias correction
 * @param gradientScale the gradient is multiplied by this first (clipping)
 */
public record AdamWStep(
    double learningRate,
    double beta1,
    double beta2,
    double epsilon,
    double weightDecay,
    long step,
    double gradientScale) {}
