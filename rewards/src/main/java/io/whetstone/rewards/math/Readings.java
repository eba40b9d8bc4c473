package io.whetstone.rewards.math;

import java.util.List;

/** All readings of an answer. */
final class Readings {

  private Readings() {}

  /**
   * One, or two where the notation is used in two ways.
   *
   * @throws UnreadableException if the first reading is none
   */
  static List<Expression> of(String text, Budget budget) throws UnreadableException {
    Parser.Parsed first = Parser.parse(text, false, budget);
    if (!first.ambiguous()) {
      return List.of(first.expression());
    }
    try {
      return List.of(first.expression(), Parser.parse(text, true, budget).expression());
    } catch (UnreadableException e) {
      return List.of(first.expression());
    }
  }
}
