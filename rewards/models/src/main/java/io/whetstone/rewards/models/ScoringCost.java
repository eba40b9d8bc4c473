package io.whetstone.rewards.models;

/**
 * What a model's looks at completions cost.
 *
 * @param seconds spent on the engine
 * @param computed completions computed
 * @param remembered completions that had been computed before
 * @param tokens that went through the model, those of prompts included: a prompt once for the
 *     completions that share it
 */
public record ScoringCost(double seconds, long computed, long remembered, long tokens) {
  public static final ScoringCost NONE = new ScoringCost(0, 0, 0, 0);

  public ScoringCost plus(ScoringCost other) {
    return new ScoringCost(
        seconds + other.seconds,
        computed + other.computed,
        remembered + other.remembered,
        tokens + other.tokens);
  }
}
