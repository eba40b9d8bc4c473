package io.whetstone.tensor;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * How one row's next token is drawn from its logits.
 *
 * <p>Tokens in {@code suppressed} are never drawn. Temperature 0 takes the likeliest of the others
 * (the lowest id on a tie). Else p = softmax(logits / temperature) over the tokens left; then top-k
 * keeps the k likeliest (all those tied with the k-th by id order: lower ids first), top-p keeps
 * the shortest likeliest-first prefix of these whose probabilities sum to ≥ {@code topP} of theirs,
 * min-p drops what is below {@code minP} times the likeliest; what is left is renormalised, and
 * with tokens in id order the first whose cumulative probability exceeds the given uniform number
 * is drawn. Order and shares are those of transformers' warpers; vLLM drops by min-p first.
 *
 * @param temperature ≥ 0
 * @param topK 0 for off
 * @param topP in (0, 1], 1 for off
 * @param minP in [0, 1), 0 for off
 * @param suppressed token ids that must not be drawn
 */
public record Sampling(float temperature, int topK, float topP, float minP, int... suppressed) {
  /** Plain sampling at temperature 1. */
  public static final Sampling PLAIN = new Sampling(1, 0, 1, 0);

  /** The likeliest token. */
  public static final Sampling GREEDY = new Sampling(0, 0, 1, 0);

  public Sampling {
    require(temperature >= 0 && Float.isFinite(temperature), "temperature", temperature, "≥ 0");
    require(topK >= 0, "top-k", topK, "≥ 0");
    require(topP > 0 && topP <= 1, "top-p", topP, "in (0, 1]");
    require(minP >= 0 && minP < 1, "min-p", minP, "in [0, 1)");
    suppressed = suppressed.clone();
  }

  /**
   * Settings that can only draw {@code token}, with its logprob at the given temperature: how a
   * token that is given is scored from the logits it would have been drawn from.
   */
  public static Sampling only(int token, int vocabulary, float temperature) {
    int[] others = IntStream.range(0, vocabulary).filter(v -> v != token).toArray();
    if (others.length != vocabulary - 1) {
      throw new IllegalArgumentException(
          "token: " + token + " is not in [0, " + vocabulary + "), the vocabulary");
    }
    return new Sampling(temperature, 0, 1, 0, others);
  }

  /** The temperature that logprobs are taken at: 1 for greedy. */
  public float logprobTemperature() {
    return temperature == 0 ? 1 : temperature;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Sampling s
        && temperature == s.temperature
        && topK == s.topK
        && topP == s.topP
        && minP == s.minP
        && Arrays.equals(suppressed, s.suppressed);
  }

  @Override
  public int hashCode() {
    return Float.hashCode(temperature) * 31
        + topK
        + Float.hashCode(topP)
        + Arrays.hashCode(suppressed);
  }

  @Override
  public String toString() {
    return "Sampling[temperature=%s, topK=%d, topP=%s, minP=%s, suppressed=%s]"
        .formatted(temperature, topK, topP, minP, Arrays.toString(suppressed));
  }

  private static void require(boolean holds, String name, Object got, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(name + ": " + got + " is not " + expected);
    }
  }
}
