package io.whetstone.rewards;

import java.util.Locale;

/** What a reward found, apart from the number it gives. */
public enum Outcome {
  /** Right; the value is 1. */
  CORRECT,
  /** Wrong; the value is 0. */
  WRONG,
  /** No answer could be read from the completion; the value is 0. */
  UNPARSEABLE,
  /** A number that is neither right nor wrong: a length, partial credit, a model's opinion. */
  SCORED,
  /** The reward has nothing to say about this task; no value. */
  NOT_APPLICABLE,
  /** Time ran out: the completion's own program's (the value is 0) or the reward's (no value). */
  TIMEOUT,
  /** The reward failed; no value, and never a 0. */
  ERROR;

  private final String text = name().toLowerCase(Locale.ROOT).replace('_', '-');

  /** As records and the command line write it: {@code not-applicable}. */
  public String text() {
    return text;
  }
}
