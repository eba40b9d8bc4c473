package io.whetstone.rewards.math;

import io.whetstone.rewards.Outcome;
import io.whetstone.rewards.Score;
import java.util.Optional;

/**
 * What was found about one completion.
 *
 * @param outcome correct, wrong, unparseable, or timeout where the budget was spent
 * @param extracted what was taken for the completion's answer
 * @param note why it is unparseable, or what ran out
 */
record Verdict(Outcome outcome, Optional<String> extracted, Optional<String> note) {

  static Verdict of(boolean correct, String extracted) {
    return new Verdict(
        correct ? Outcome.CORRECT : Outcome.WRONG, Optional.of(extracted), Optional.empty());
  }

  Score score() {
    Score score =
        switch (outcome) {
          case CORRECT -> Score.correct();
          case WRONG -> Score.wrong();
          case UNPARSEABLE -> Score.unparseable();
          case TIMEOUT -> Score.timeout(note.orElse("the budget was spent"));
          default -> throw new IllegalStateException(outcome.text() + " is no verdict");
        };
    if (extracted.isPresent()) {
      score = score.withExtracted(extracted.get());
    }
    return note.isPresent() && outcome != Outcome.TIMEOUT
        ? score.withNote("math", note.get())
        : score;
  }
}
