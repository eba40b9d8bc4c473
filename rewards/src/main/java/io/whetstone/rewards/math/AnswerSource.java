package io.whetstone.rewards.math;

/** Where in a completion its final answer may stand. */
public enum AnswerSource {
  /**
   * The last {@code \boxed{…}} or {@code \fbox{…}} that is in no other; several that are joined by
   * a comma, "and" or "or" are one list.
   */
  BOXED,
  /** The last {@code <answer>…</answer>}; a box within it comes first. */
  ANSWER_TAG,
  /**
   * What follows {@code ####} on the last line that begins so, as in GSM8K, if it is a formula or
   * nothing comes after it: otherwise it is a heading.
   */
  HASHES,
  /** What follows the last "the answer is", "final answer:" and the like, to the sentence's end. */
  PHRASE,
  /**
   * The whole completion where it is a formula, else the last formula between dollars, {@code
   * \(…\)} or {@code \[…\]}, else the last number, else the whole where it is three words or less.
   */
  LAST
}
