package io.whetstone.rewards.math;

import java.util.List;
import java.util.Optional;

/**
 * A task's answer, read once for all of its completions.
 *
 * @param normal the text as texts are compared
 * @param bare the same without brackets around it
 * @param readings one or, of an ambiguous notation, two
 * @param choice its letter, where it is that of a multiple choice
 */
record Gold(String normal, String bare, List<Expression> readings, Optional<String> choice) {

  private static final AnswerExtractor MARKED =
      new AnswerExtractor(List.of(AnswerSource.BOXED, AnswerSource.HASHES));
  private static final int LONGEST = 100_000;

  /**
   * Reads {@code 72}, {@code $\frac{1}{2}$}, {@code \boxed{…}}, or a whole solution that ends with
   * {@code #### 72}.
   *
   * @throws UnreadableException if it is no answer
   */
  static Gold read(String text, Budget budget) throws UnreadableException {
    if (text.length() > LONGEST) {
      throw new UnreadableException("it is " + text.length() + " characters long");
    }
    String answer = text.strip();
    if (answer.contains("\\boxed") || answer.contains("\\fbox") || answer.contains("####")) {
      List<AnswerExtractor.Found> found = MARKED.extract(answer);
      answer = found.isEmpty() ? answer : found.getFirst().text();
    }
    if (answer.isBlank()) {
      throw new UnreadableException("it is empty");
    }
    return new Gold(
        Words.normal(answer),
        Words.bare(answer),
        Readings.of(answer, budget),
        Choices.gold(answer));
  }
}
