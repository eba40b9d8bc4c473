package io.whetstone.rewards.judge;

/**
 * A verdict that could be read.
 *
 * @param meaning what was found
 * @param value in [0, 1]
 * @param text as it stood there
 */
record Ruling(Meaning meaning, double value, String text) {

  /** What a verdict says. */
  enum Meaning {
    /** A number on the scale. */
    GRADE(Double.NaN),
    CORRECT(1),
    WRONG(0),
    /** The completion holds no answer that could be right or wrong. */
    INVALID(0),
    /** Of two completions the first is the better. */
    FIRST(1),
    SECOND(0),
    TIE(0.5);

    private final double value;

    Meaning(double value) {
      this.value = value;
    }
  }

  static Ruling of(Meaning meaning, String text) {
    return new Ruling(meaning, meaning.value, text);
  }
}
