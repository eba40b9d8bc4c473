package io.whetstone.rewards.judge;

import io.whetstone.datasets.settings.Names;
import io.whetstone.rewards.judge.Ruling.Meaning;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a verdict may be, and what it is worth. Anything else is no verdict. */
sealed interface Measure {

  /** Reads a verdict; empty where it is none. */
  Optional<Ruling> read(String verdict);

  /** As the judge is told: {@code a number from 0 to 10}. */
  String expected();

  /** What models like to put around a word: Markdown's marks, quotes, a full stop. */
  private static String bare(String verdict) {
    return verdict
        .strip()
        .replaceAll("^[*_`\"'\\[(]+|[*_`\"'\\])]*[.!]?[*_`\"'\\])]*$", "")
        .strip();
  }

  /**
   * A number on a scale, worth (number − low) / (high − low).
   *
   * @param low what is worth 0
   * @param high what is worth 1
   */
  record Scale(double low, double high) implements Measure {

    private static final Pattern NUMBER =
        Pattern.compile("([-+]?\\d+(?:\\.\\d+)?)(?:\\s*/\\s*(\\d+(?:\\.\\d+)?))?");

    static Scale of(List<Double> bounds) {
      if (bounds.size() != 2
          || !Double.isFinite(bounds.getFirst())
          || !Double.isFinite(bounds.getLast())
          || bounds.getFirst() >= bounds.getLast()) {
        throw new IllegalArgumentException(
            "scale: " + bounds + " is not [low, high] with low < high");
      }
      return new Scale(bounds.getFirst(), bounds.getLast());
    }

    @Override
    public Optional<Ruling> read(String verdict) {
      Matcher matcher = NUMBER.matcher(bare(verdict));
      if (!matcher.matches()
          || matcher.group(2) != null && Double.parseDouble(matcher.group(2)) != high) {
        return Optional.empty();
      }
      double number = Double.parseDouble(matcher.group(1));
      return number < low || number > high
          ? Optional.empty()
          : Optional.of(new Ruling(Meaning.GRADE, (number - low) / (high - low), bare(verdict)));
    }

    @Override
    public String expected() {
      return "a number from " + text(low) + " (worst) to " + text(high) + " (best)";
    }

    private static String text(double bound) {
      return bound == Math.rint(bound) ? Long.toString((long) bound) : Double.toString(bound);
    }
  }

  /**
   * One of some words, in capitals or not.
   *
   * @param words by what they mean; the first of each is the one the judge is told
   */
  record Labels(Map<Meaning, List<String>> words) implements Measure {

    /**
     * A kind's words.
     *
     * @param given what the configuration has in the place of some of them
     */
    static Labels of(Map<Meaning, List<String>> defaults, Map<String, List<String>> given) {
      Map<Meaning, List<String>> words = new LinkedHashMap<>(defaults);
      given.forEach(
          (name, some) -> {
            Meaning meaning =
                defaults.keySet().stream()
                    .filter(m -> name(m).equals(name))
                    .findFirst()
                    .orElseThrow(
                        () ->
                            new IllegalArgumentException(
                                "labels."
                                    + name
                                    + ": "
                                    + Names.unknown(
                                        name,
                                        defaults.keySet().stream().map(Labels::name).toList())));
            if (some.isEmpty() || some.stream().anyMatch(w -> bare(w).isEmpty())) {
              throw new IllegalArgumentException(
                  "labels." + name + ": " + some + " is not one word or more");
            }
            words.put(meaning, some);
          });
      List<String> all = new ArrayList<>();
      for (List<String> some : words.values()) {
        for (String word : some) {
          if (all.contains(folded(word))) {
            throw new IllegalArgumentException("labels: \"" + word + "\" has two meanings");
          }
        }
        some.forEach(word -> all.add(folded(word)));
      }
      return new Labels(words);
    }

    private static String name(Meaning meaning) {
      return meaning.name().toLowerCase(Locale.ROOT);
    }

    private static String folded(String word) {
      return bare(word).toLowerCase(Locale.ROOT);
    }

    @Override
    public Optional<Ruling> read(String verdict) {
      String found = folded(verdict);
      return words.entrySet().stream()
          .filter(entry -> entry.getValue().stream().anyMatch(word -> folded(word).equals(found)))
          .findFirst()
          .map(entry -> Ruling.of(entry.getKey(), bare(verdict)));
    }

    @Override
    public String expected() {
      List<String> first = words.values().stream().map(List::getFirst).toList();
      return String.join(", ", first.subList(0, first.size() - 1)) + " or " + first.getLast();
    }
  }
}
