package io.whetstone.datasets;

/**
 * What the demonstrations of a base model look like. The shares of the kinds add up to 1.
 *
 * @param guess the share that answers a number near the true one, without thinking
 * @param malformed the share that breaks the format, in one of several ways
 * @param think the share that thinks step by step and answers with its last running total
 * @param slip the probability that one running total is off; the error is carried on
 * @param stopEarly the probability that a thought breaks off before its end and answers with the
 *     total so far
 * @param error how far a guess may lie from the truth, as a share of it (at least 1 is allowed)
 */
public record MessSettings(
    double guess, double malformed, double think, double slip, double stopEarly, double error) {

  public MessSettings {
    SyntheticChecks.checkShare("guess", guess);
    SyntheticChecks.checkShare("malformed", malformed);
    SyntheticChecks.checkShare("think", think);
    SyntheticChecks.checkShare("slip", slip);
    SyntheticChecks.checkShare("stop-early", stopEarly);
    if (!(error >= 0 && error <= 10)) {
      throw new IllegalArgumentException("error: " + error + " is not in [0, 10]");
    }
    if (Math.abs(guess + malformed + think - 1) > 1e-9) {
      throw new IllegalArgumentException(
          "guess + malformed + think: %s + %s + %s = %s is not 1"
              .formatted(guess, malformed, think, guess + malformed + think));
    }
  }

  /**
   * The honest mix of the first run's prototype: guessing is the likeliest behaviour, so that the
   * greedy answer is mostly wrong before reinforcement learning.
   */
  public static MessSettings defaults() {
    return new MessSettings(0.55, 0.10, 0.35, 0.10, 0.05, 0.2);
  }
}
