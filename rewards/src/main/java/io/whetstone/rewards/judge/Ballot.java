package io.whetstone.rewards.judge;

import io.whetstone.rewards.Expense;
import io.whetstone.rewards.Score;
import io.whetstone.rewards.judge.JudgeSettings.Aggregate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The votes on one question.
 *
 * <p>A vote that cannot be read does not count; where not more than half can be, there is no
 * finding at all: never a 0.
 *
 * @param rulings those that could be read
 * @param reasons why others could not
 * @param timedOut whether time ran out for all the others
 * @param words of the first answer, for the record
 */
record Ballot(
    List<Ruling> rulings,
    List<String> reasons,
    boolean timedOut,
    Optional<String> words,
    Expense expense) {

  /** Reads the answers. */
  static Ballot of(List<Answer> answers, JudgeSettings settings, Measure measure) {
    List<Ruling> rulings = new ArrayList<>();
    List<String> reasons = new ArrayList<>();
    boolean timedOut = true;
    Optional<String> words = Optional.empty();
    Expense expense = Expense.NONE;
    for (Answer answer : answers) {
      switch (answer) {
        case Answer.Failed failed -> {
          reasons.add(failed.reason());
          timedOut &= failed.timeout();
        }
        case Answer.Given given -> {
          expense = expense.plus(given.expense());
          Optional<String> said = spoken(given.text(), settings.thoughtTags());
          words = words.or(() -> said.map(text -> noted(text, settings.notedCharacters())));
          Optional<Ruling> ruling =
              given.complete()
                  ? said.flatMap(settings.verdict()::read).flatMap(measure::read)
                  : Optional.empty();
          if (ruling.isPresent()) {
            rulings.add(ruling.get());
          } else {
            timedOut = false;
            reasons.add(unreadable(given, said, settings));
          }
        }
      }
    }
    return new Ballot(rulings, reasons, timedOut && !reasons.isEmpty(), words, expense);
  }

  /** The answer without hidden reasoning; empty where that never ended. */
  private static Optional<String> spoken(String text, List<String> tags) {
    int end = text.lastIndexOf(tags.getLast());
    if (end >= 0) {
      return Optional.of(text.substring(end + tags.getLast().length()));
    }
    return text.contains(tags.getFirst()) ? Optional.empty() : Optional.of(text);
  }

  private static String unreadable(
      Answer.Given given, Optional<String> said, JudgeSettings settings) {
    if (!given.complete()) {
      return "unreadable verdict: the answer was cut off; raise max-tokens";
    }
    return said.map(
            text ->
                "unreadable verdict: "
                    + settings
                        .verdict()
                        .read(text)
                        .map(verdict -> "\"" + noted(verdict, 100) + "\"")
                        .orElseGet(() -> "none at the end of \"…" + tail(text) + "\""))
        .orElse("unreadable verdict: the reasoning does not end");
  }

  private static String tail(String text) {
    String stripped = text.strip();
    return stripped.substring(Math.max(0, stripped.length() - 100));
  }

  private static String noted(String text, int most) {
    String stripped = text.strip();
    String kept = stripped.length() <= most ? stripped : stripped.substring(0, most) + "…";
    return most == 0 ? "" : kept;
  }

  /** Whether most votes could be read. */
  boolean decided() {
    return rulings.size() > reasons.size();
  }

  /** The votes' value, where they are {@link #decided}. */
  double value(Aggregate aggregate) {
    return switch (aggregate) {
      case MEAN -> rulings.stream().mapToDouble(Ruling::value).average().orElseThrow();
      case MAJORITY -> majority().value();
    };
  }

  /** The ruling that most votes agree with; of several such the lowest. */
  Ruling majority() {
    Map<Ruling, Integer> counts =
        new TreeMap<>(
            Comparator.comparingDouble(Ruling::value)
                .thenComparing(r -> r.meaning() == Ruling.Meaning.INVALID));
    rulings.forEach(ruling -> counts.merge(ruling, 1, Integer::sum));
    return counts.entrySet().stream()
        .reduce((best, next) -> next.getValue() > best.getValue() ? next : best)
        .orElseThrow()
        .getKey();
  }

  /** No finding: the score of votes of which too few could be read. */
  Score failure() {
    String reason = reasons.getFirst();
    return noted(timedOut ? Score.timeout(reason) : Score.error(reason));
  }

  /** The score with what a person would like to see of the votes. */
  Score noted(Score score) {
    Score noted = score;
    if (rulings.size() + reasons.size() > 1) {
      noted =
          noted.withNote(
              "votes", rulings.stream().map(Ruling::text).collect(Collectors.joining(", ")));
    }
    if (!rulings.isEmpty() && !reasons.isEmpty()) {
      noted = noted.withNote("unreadable", reasons.size() + ": " + reasons.getFirst());
    }
    if (words.isPresent() && !words.get().isEmpty()) {
      noted = noted.withNote("judge", words.get());
    }
    return expense.notedIn(noted);
  }
}
