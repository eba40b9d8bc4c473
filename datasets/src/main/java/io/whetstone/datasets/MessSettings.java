package io.whetstone.datasets;

import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Settings;
import java.util.Map;

/**
 * What the demonstrations of a base model look like. The shares of the three kinds add up to 1.
 *
 * @param guess the share that answers a number near the true one, without thinking
 * @param malformed the share that breaks the format, in one of several ways
 * @param think the share that thinks step by step and answers with its last running total
 * @param slip the probability that one running total is off; the error is carried on
 * @param stopEarly the probability that a thought breaks off before its end and answers with the
 *     total so far
 * @param recover the probability that an error is undone by what follows it: the next running total
 *     (or the answer, after the last one) is the true one although the equation before it is not.
 *     Such a thought ends luckily: its answer is right, its steps are not
 * @param guessError how far a guess may lie from the truth, as a share of it; 1 off is always
 *     allowed
 */
public record MessSettings(
    @Default(value = "0.55", source = "the first run's prototype: the likeliest behaviour")
        double guess,
    @Default(value = "0.1", source = "the first run's prototype") double malformed,
    @Default(value = "0.35", source = "the first run's prototype") double think,
    @Default(value = "0.1", source = "the first run's prototype") double slip,
    @Default(value = "0.05", source = "the first run's prototype") double stopEarly,
    @Default(value = "0", source = "errors are carried on") double recover,
    @Default(value = "0.2", source = "a guess is rarely right") double guessError) {

  public MessSettings {
    SyntheticChecks.share("guess", guess);
    SyntheticChecks.share("malformed", malformed);
    SyntheticChecks.share("think", think);
    SyntheticChecks.share("slip", slip);
    SyntheticChecks.share("stop-early", stopEarly);
    SyntheticChecks.share("recover", recover);
    if (!(guessError >= 0 && guessError <= 10)) {
      throw new IllegalArgumentException("guess-error: " + guessError + " is not in [0, 10]");
    }
    if (Math.abs(guess + malformed + think - 1) > 1e-9) {
      throw new IllegalArgumentException(
          "guess: %s + malformed %s + think %s is not 1".formatted(guess, malformed, think));
    }
  }

  public static MessSettings defaults() {
    return Settings.read(Map.of(), MessSettings.class, "");
  }
}
