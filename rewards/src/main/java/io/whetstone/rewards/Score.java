package io.whetstone.rewards;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * A reward's finding on one candidate.
 *
 * @param value finite, or absent where there is none (see {@link Outcome}); never a number that
 *     stands for a failure
 * @param outcome what was found
 * @param steps values of single steps, in order; empty for rewards of the outcome alone
 * @param extracted what was read from the completion as its answer
 * @param notes anything a person reading the record would like to know
 */
public record Score(
    OptionalDouble value,
    Outcome outcome,
    List<StepScore> steps,
    Optional<String> extracted,
    Map<String, String> notes) {

  public Score {
    Objects.requireNonNull(value, "value");
    Objects.requireNonNull(outcome, "outcome");
    Objects.requireNonNull(extracted, "extracted");
    steps = List.copyOf(steps);
    notes = Collections.unmodifiableMap(new LinkedHashMap<>(notes));
    if (!fits(outcome, value)) {
      throw new IllegalArgumentException(
          "value: %s is not what the outcome %s has; expected %s"
              .formatted(
                  value.isPresent() ? value.getAsDouble() : "none",
                  outcome.text(),
                  expected(outcome)));
    }
  }

  private static boolean fits(Outcome outcome, OptionalDouble value) {
    return switch (outcome) {
      case CORRECT -> value.isPresent() && value.getAsDouble() == 1;
      case WRONG, UNPARSEABLE -> value.isPresent() && value.getAsDouble() == 0;
      case SCORED -> value.isPresent() && Double.isFinite(value.getAsDouble());
      case TIMEOUT -> value.isEmpty() || value.getAsDouble() == 0;
      case NOT_APPLICABLE, ERROR -> value.isEmpty();
    };
  }

  private static String expected(Outcome outcome) {
    return switch (outcome) {
      case CORRECT -> "1";
      case WRONG, UNPARSEABLE -> "0";
      case SCORED -> "a finite number";
      case TIMEOUT -> "none, or 0 where the completion's own program ran out of time";
      case NOT_APPLICABLE, ERROR -> "none";
    };
  }

  public static Score correct() {
    return of(OptionalDouble.of(1), Outcome.CORRECT);
  }

  public static Score wrong() {
    return of(OptionalDouble.of(0), Outcome.WRONG);
  }

  public static Score unparseable() {
    return of(OptionalDouble.of(0), Outcome.UNPARSEABLE);
  }

  /** A number; one that is not finite becomes an {@link #error}, since it says nothing. */
  public static Score scored(double value) {
    return Double.isFinite(value)
        ? of(OptionalDouble.of(value), Outcome.SCORED)
        : error("value: " + value + " is not finite");
  }

  public static Score notApplicable() {
    return of(OptionalDouble.empty(), Outcome.NOT_APPLICABLE);
  }

  /** The completion's own program ran out of time: a finding, worth 0. */
  public static Score programTimeout() {
    return of(OptionalDouble.of(0), Outcome.TIMEOUT);
  }

  /** The reward itself ran out of time: no finding, no value. */
  public static Score timeout(String note) {
    return of(OptionalDouble.empty(), Outcome.TIMEOUT).withNote("timeout", note);
  }

  /** The reward failed: no finding, no value. */
  public static Score error(String note) {
    return of(OptionalDouble.empty(), Outcome.ERROR).withNote("error", note);
  }

  private static Score of(OptionalDouble value, Outcome outcome) {
    return new Score(value, outcome, List.of(), Optional.empty(), Map.of());
  }

  public Score withSteps(List<StepScore> steps) {
    return new Score(value, outcome, steps, extracted, notes);
  }

  public Score withExtracted(String answer) {
    return new Score(value, outcome, steps, Optional.of(answer), notes);
  }

  public Score withNote(String key, String note) {
    Map<String, String> more = new LinkedHashMap<>(notes);
    more.put(key, note);
    return new Score(value, outcome, steps, extracted, more);
  }

  /** Whether the reward could not do its work, so that this candidate's value is unknown. */
  public boolean failed() {
    return value.isEmpty() && outcome != Outcome.NOT_APPLICABLE;
  }

  /** The same score for each of a group's candidates. */
  static List<Score> all(Score score, int candidates) {
    return Collections.nCopies(candidates, score);
  }
}
