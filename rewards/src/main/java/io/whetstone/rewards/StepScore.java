package io.whetstone.rewards;

/**
 * A value for one step of a completion.
 *
 * @param tokenFrom index of the step's first token in {@link Candidate#ids}
 * @param tokenTo index after its last token; greater than tokenFrom
 * @param value finite
 */
public record StepScore(int tokenFrom, int tokenTo, double value) {

  public StepScore {
    if (tokenFrom < 0 || tokenTo <= tokenFrom) {
      throw new IllegalArgumentException(
          "tokens: ["
              + tokenFrom
              + ", "
              + tokenTo
              + ") is not a span [from, to) with 0 <= from < to");
    }
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException("value: " + value + " is not finite");
    }
  }
}
