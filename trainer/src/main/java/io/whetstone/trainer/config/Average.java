package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;

/**
 * The exponential moving average of the policy's weights, kept beside them.
 *
 * @param decay what stays of the average in a step
 * @param evaluate whether evaluations measure the average too ({@code eval/average-…})
 */
public record Average(
    @Default(value = "0.99", source = "about the last hundred steps") double decay,
    @Default(value = "true", source = "else nobody knows which to take") boolean evaluate) {

  public Average {
    Range.below("decay", decay, 0, 1);
  }
}
