/**
 * The mathematics of policy optimization on plain arrays: advantages, the clipped surrogate, KL
 * estimators, loss reductions, schedules and the estimators of evaluation.
 *
 * <p>Algorithms are composed, never inherited: {@link
 * io.whetstone.trainer.algorithm.AdvantageEstimator} × {@link
 * io.whetstone.trainer.algorithm.PolicyLoss} × {@link io.whetstone.trainer.algorithm.LossReduction}
 * × {@link io.whetstone.trainer.algorithm.KlEstimator}. Nothing here knows of tensors, models or
 * files.
 */
package io.whetstone.trainer.algorithm;
