package io.whetstone.rewards;

import java.util.Optional;

/**
 * What a score cost that a language model gave: kept in the score's notes, so that records have it.
 *
 * <p>An answer that was remembered costs here what it cost when it was asked for: two runs of the
 * same configuration record the same.
 *
 * @param promptTokens tokens that were read
 * @param answerTokens tokens that were written, hidden reasoning included
 * @param cost in the currency of the configuration's prices; 0 where it has none
 */
public record Expense(long promptTokens, long answerTokens, double cost) {

  public static final Expense NONE = new Expense(0, 0, 0);

  private static final String PROMPT = "prompt-tokens";
  private static final String ANSWER = "answer-tokens";
  private static final String COST = "cost";

  public Expense plus(Expense other) {
    return new Expense(
        promptTokens + other.promptTokens, answerTokens + other.answerTokens, cost + other.cost);
  }

  /** The score with the expense in its notes; unchanged where nothing is known of any. */
  public Score notedIn(Score score) {
    if (equals(NONE)) {
      return score;
    }
    Score noted =
        score
            .withNote(PROMPT, Long.toString(promptTokens))
            .withNote(ANSWER, Long.toString(answerTokens));
    return cost == 0 ? noted : noted.withNote(COST, Double.toString(cost));
  }

  /** What {@link #notedIn} wrote. */
  public static Optional<Expense> of(Score score) {
    try {
      String prompt = score.notes().get(PROMPT);
      String answer = score.notes().get(ANSWER);
      return prompt == null || answer == null
          ? Optional.empty()
          : Optional.of(
              new Expense(
                  Long.parseLong(prompt),
                  Long.parseLong(answer),
                  Double.parseDouble(score.notes().getOrDefault(COST, "0"))));
    } catch (NumberFormatException e) {
      return Optional.empty(); // a plugin's own notes of those names
    }
  }
}
