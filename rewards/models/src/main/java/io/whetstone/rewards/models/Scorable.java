package io.whetstone.rewards.models;

import io.whetstone.rewards.models.StepRule.Span;
import java.util.List;

/**
 * A prompt, a completion and where numbers are wanted.
 *
 * @param prompt ids; scorables of one group share the array, and its rows are computed once
 * @param completion ids, a final stop token included
 * @param ends indices in {@code completion} of the tokens that are scored, ascending: −1 is the
 *     prompt's last token
 */
public record Scorable(int[] prompt, int[] completion, int[] ends) {
  public Scorable {
    if (prompt.length == 0) {
      throw new IllegalArgumentException("a scorable needs a prompt");
    }
    for (int i = 0; i < ends.length; i++) {
      if (ends[i] < (i == 0 ? -1 : ends[i - 1] + 1) || ends[i] >= completion.length) {
        throw new IllegalArgumentException(
            "end " + i + ": " + ends[i] + " is not ascending within " + completion.length);
      }
    }
  }

  /** At the last token that is not padding, as transformers has it. */
  public static Scorable outcome(int[] prompt, int[] completion, int pad) {
    int end = completion.length - 1;
    while (end >= 0 && completion[end] == pad) {
      end--;
    }
    return new Scorable(prompt, completion, new int[] {end});
  }

  /** At each step's last token. */
  static Scorable steps(int[] prompt, int[] completion, List<Span> steps) {
    return new Scorable(
        prompt, completion, steps.stream().mapToInt(step -> step.to() - 1).toArray());
  }

  int rows() {
    return ends.length == 0 ? 0 : ends[ends.length - 1] + 1;
  }
}
