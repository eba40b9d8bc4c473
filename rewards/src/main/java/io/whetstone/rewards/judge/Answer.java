package io.whetstone.rewards.judge;

import io.whetstone.rewards.Expense;

/** What came of a question. */
public sealed interface Answer {

  /**
   * The judge's words.
   *
   * @param complete whether it came to its own end; one that was cut may say less than it meant
   */
  record Given(String text, boolean complete, Expense expense) implements Answer {}

  /**
   * There is no answer.
   *
   * @param reason for people; holds no secret
   * @param timeout whether time ran out
   */
  record Failed(String reason, boolean timeout) implements Answer {}
}
