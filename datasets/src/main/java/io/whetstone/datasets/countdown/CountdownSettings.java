package io.whetstone.datasets.countdown;

import io.whetstone.datasets.Range;
import io.whetstone.datasets.settings.Default;

/**
 * Countdown: reach a target with some numbers, each used once.
 *
 * @param numbers how many there are; 2 to 6
 * @param values what each may be; above 0
 * @param targets what the target may be; above 0
 * @param prompt the question, in which {@code {nums}} and {@code {target}} stand for what is given
 * @param heldOut the share of all tasks that is kept from training, in (0, 1)
 */
public record CountdownSettings(
    @Default(value = "[3, 4]", source = "Countdown-Tasks-3to4, Pan et al. 2025 (TinyZero)")
        Range numbers,
    @Default(value = "[1, 99]", source = "TinyZero") Range values,
    @Default(value = "[10, 99]", source = "TinyZero's are of two digits") Range targets,
    @Default(
            value =
                "\"Using the numbers {nums}, create an equation that equals {target}. You can use"
                    + " +, -, * and / and must use each number exactly once. Show your thoughts in"
                    + " <think> </think> and the equation in <answer> </answer>, for example"
                    + " <answer>(1 + 2) / 3</answer>.\"",
            source = "after TinyZero's")
        String prompt,
    @Default(value = "0.1", source = "leaves nine tenths to training") double heldOut) {

  public CountdownSettings {
    if (numbers.min() < 2 || numbers.max() > 6) {
      throw new IllegalArgumentException("numbers: " + numbers + " is not within [2, 6]");
    }
    if (values.min() < 1 || values.max() > 10_000) {
      throw new IllegalArgumentException("values: " + values + " is not within [1, 10000]");
    }
    if (targets.min() < 1 || targets.max() > 1_000_000) {
      throw new IllegalArgumentException("targets: " + targets + " is not within [1, 1000000]");
    }
    if (!prompt.contains("{nums}") || !prompt.contains("{target}")) {
      throw new IllegalArgumentException("prompt: {nums} and {target} do not both occur in it");
    }
    if (!(heldOut > 0 && heldOut < 1)) {
      throw new IllegalArgumentException("held-out: " + heldOut + " is not in (0, 1)");
    }
  }
}
