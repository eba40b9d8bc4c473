package io.whetstone.rewards.math;

import io.whetstone.rewards.Outcome;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Verifies completions against a gold answer. Immutable: any number of threads may share one.
 *
 * <p>Nothing that a completion says makes it throw or run past its budget.
 */
final class Verifier {

  private static final Pattern WHOLE_NUMBER = Pattern.compile("-?[0-9]{1,200000}");
  private static final int LONGEST_ANSWER = 20_000;

  private final AnswerExtractor extractor;
  private final int decimals;
  private final long steps;
  private final Duration deadline;

  /**
   * @param order where answers are looked for
   * @param decimals to how many decimals numbers with a decimal point must agree
   * @param steps that one verification may take
   * @param deadline that one verification may take
   */
  Verifier(List<AnswerSource> order, int decimals, long steps, Duration deadline) {
    this.extractor = new AnswerExtractor(order);
    this.decimals = decimals;
    this.steps = steps;
    this.deadline = deadline;
  }

  private Budget budget() {
    return new Budget(steps, deadline.toNanos());
  }

  /**
   * @throws UnreadableException if it is no answer, or could not be read within the budget
   */
  Gold gold(String text) throws UnreadableException {
    try {
      return Gold.read(text, budget());
    } catch (Budget.Exhausted e) {
      throw new UnreadableException(e.getMessage());
    }
  }

  Verdict verify(Gold gold, String completion) {
    if (completion.length() < 200 && Words.normal(completion).equals(gold.normal())) {
      return Verdict.of(true, completion.strip());
    }
    List<AnswerExtractor.Found> candidates = extractor.extract(completion);
    if (candidates.isEmpty()) {
      return new Verdict(Outcome.UNPARSEABLE, Optional.empty(), Optional.of("no answer was found"));
    }
    Budget budget = budget();
    String why = null;
    for (AnswerExtractor.Found candidate : candidates) {
      try {
        boolean same = isSame(gold, candidate.text(), budget);
        if (!same && candidate.source() == AnswerSource.LAST && isWords(gold, candidate.text())) {
          throw new UnreadableException("words, and no answer among them");
        }
        return Verdict.of(same, candidate.text());
      } catch (UnreadableException e) {
        why = why == null ? e.getMessage() : why;
      } catch (Budget.Exhausted e) {
        return new Verdict(
            Outcome.TIMEOUT, Optional.of(candidate.text()), Optional.of(e.getMessage()));
      }
    }
    return new Verdict(
        Outcome.UNPARSEABLE, Optional.of(candidates.getFirst().text()), Optional.of(why));
  }

  /** Whether a few words were said where no words were asked for. */
  private static boolean isWords(Gold gold, String answer) {
    return answer.length() < 100
        && !(gold.readings().getFirst() instanceof Expression.Text)
        && !Formulas.isFormula(answer);
  }

  private boolean isSame(Gold gold, String answer, Budget budget) throws UnreadableException {
    if (answer.equals(gold.normal())) {
      return true;
    }
    boolean whole = WHOLE_NUMBER.matcher(answer).matches();
    if (whole && WHOLE_NUMBER.matcher(gold.normal()).matches()) {
      return digits(answer).equals(digits(gold.normal()));
    }
    if (answer.length() > LONGEST_ANSWER) {
      throw new UnreadableException("an answer of " + answer.length() + " characters");
    }
    String bare = Words.bare(answer);
    if (bare.equals(gold.bare()) && (bare.length() > 1 || gold.choice().isEmpty())) {
      return true;
    }
    if (gold.choice().isPresent()) {
      Optional<String> chosen = Choices.answer(answer);
      if (chosen.isPresent()) {
        return chosen.equals(gold.choice());
      }
    }
    Equality equality = new Equality(decimals, budget);
    for (Expression reading : Readings.of(answer, budget)) {
      for (Expression expected : gold.readings()) {
        if (equality.same(expected, reading)) {
          return true;
        }
      }
    }
    return false;
  }

  /** Without zeros in front, and without the sign of 0. */
  private static String digits(String number) {
    boolean negative = number.startsWith("-");
    int at = negative ? 1 : 0;
    while (at < number.length() - 1 && number.charAt(at) == '0') {
      at++;
    }
    String digits = number.substring(at);
    return negative && !digits.equals("0") ? "-" + digits : digits;
  }
}
