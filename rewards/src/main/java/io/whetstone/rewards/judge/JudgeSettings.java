package io.whetstone.rewards.judge;

import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Rest;
import io.whetstone.rewards.judge.Ruling.Meaning;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The settings of {@code judge}.
 *
 * @param kind what is asked
 * @param rubric what the judge goes by; a sentence or a page
 * @param rubricFile the same in a file
 * @param system the system message; left out: none
 * @param template the question; left out: that of the kind
 * @param templateFile the same in a file
 * @param scale grade: [low, high], mapped to [0, 1]
 * @param labels the words of a verdict by what they mean
 * @param verdict where in the answer it stands
 * @param thoughtTags begin and end of hidden reasoning, which is not looked at
 * @param votes how often each question is asked
 * @param aggregate what becomes of several votes
 * @param compare pairwise: which pairs
 * @param fence whether what is judged stands between marks (see {@link Material})
 * @param mostCharacters of each text that the judge is shown; the middle of a longer one is left
 *     out
 * @param notedCharacters of the judge's words that the records keep
 * @param answeredBy one key: {@code endpoint} or {@code model}, with its settings
 */
public record JudgeSettings(
    @Default(value = "\"grade\"", source = "what most judges do") Kind kind,
    Optional<String> rubric,
    Optional<Path> rubricFile,
    Optional<String> system,
    Optional<String> template,
    Optional<Path> templateFile,
    Optional<List<Double>> scale,
    Optional<Map<String, List<String>>> labels,
    @Default(value = "\"tag\"", source = "told apart from prose without doubt") VerdictForm verdict,
    @Default(value = "[\"<think>\", \"</think>\"]", source = "DeepSeek-R1, Qwen3")
        List<String> thoughtTags,
    @Default(value = "1", source = "each vote costs") int votes,
    Optional<Aggregate> aggregate,
    Optional<Compare> compare,
    @Default(value = "true", source = "completions may talk to the judge") boolean fence,
    @Default(value = "20000", source = "about 5,000 tokens, which small contexts hold")
        int mostCharacters,
    @Default(value = "500", source = "enough to see why") int notedCharacters,
    @Rest Map<String, Object> answeredBy) {

  /** What a judge is asked. */
  public enum Kind {
    /** A number on a scale. */
    GRADE,
    /** Right or not, by the rubric alone. */
    VERIFY,
    /** Right, wrong or no answer at all, by the task's gold answer. */
    REFERENCE,
    /** Which of two completions of a task is the better. */
    PAIRWISE
  }

  /** What becomes of several votes. */
  public enum Aggregate {
    /** The mean of their values. */
    MEAN,
    /** The value that most have; of several such values the lowest. */
    MAJORITY
  }

  /** Which pairs of a group are compared; each is asked twice, in both orders. */
  public enum Compare {
    /** Every two: n (n − 1) questions. */
    ALL,
    /** Each with one of them, which their texts choose: 2 (n − 1) questions. */
    PIVOT
  }

  private static final List<Double> TEN = List.of(0.0, 10.0);

  public JudgeSettings {
    only(Kind.GRADE, kind, "scale", scale.isPresent());
    only(Kind.PAIRWISE, kind, "compare", compare.isPresent());
    if (kind == Kind.GRADE && labels.isPresent()) {
      throw new IllegalArgumentException("labels: a grade is a number; expected scale");
    }
    both("rubric", rubric, rubricFile);
    both("template", template, templateFile);
    if (thoughtTags.size() != 2 || thoughtTags.stream().anyMatch(String::isEmpty)) {
      throw new IllegalArgumentException(
          "thought-tags: " + thoughtTags + " is not [begin, end], such as [<think>, </think>]");
    }
    if (votes < 1) {
      throw new IllegalArgumentException("votes: " + votes + " is not 1 or more");
    }
    if (mostCharacters < 100) {
      throw new IllegalArgumentException(
          "most-characters: " + mostCharacters + " is not 100 or more");
    }
    if (notedCharacters < 0) {
      throw new IllegalArgumentException(
          "noted-characters: " + notedCharacters + " is not 0 or more");
    }
  }

  private static void only(Kind kind, Kind given, String key, boolean there) {
    if (there && kind != given) {
      throw new IllegalArgumentException(
          key + ": is for kind: " + kind.name().toLowerCase(java.util.Locale.ROOT));
    }
  }

  private static void both(String key, Optional<String> text, Optional<Path> file) {
    if (text.isPresent() && file.isPresent()) {
      throw new IllegalArgumentException(key + "-file: is given beside " + key + "; expected one");
    }
  }

  Aggregate aggregation() {
    return aggregate.orElse(
        kind == Kind.VERIFY || kind == Kind.REFERENCE ? Aggregate.MAJORITY : Aggregate.MEAN);
  }

  /** What a verdict may be. */
  Measure measure() {
    Map<String, List<String>> given = labels.orElse(Map.of());
    return switch (kind) {
      case GRADE -> Measure.Scale.of(scale.orElse(TEN));
      case VERIFY ->
          Measure.Labels.of(
              words(Meaning.CORRECT, List.of("yes"), Meaning.WRONG, List.of("no")), given);
      case REFERENCE -> {
        // CompassVerifier's letters (Liu et al. 2025) and xVerify's words (Chen et al. 2025).
        var words =
            words(
                Meaning.CORRECT,
                List.of("A", "correct"),
                Meaning.WRONG,
                List.of("B", "incorrect", "wrong"));
        words.put(Meaning.INVALID, List.of("C", "invalid", "incomplete"));
        yield Measure.Labels.of(words, given);
      }
      case PAIRWISE -> {
        var words =
            words(Meaning.FIRST, List.of("first", "A"), Meaning.SECOND, List.of("second", "B"));
        words.put(Meaning.TIE, List.of("tie", "C"));
        yield Measure.Labels.of(words, given);
      }
    };
  }

  private static Map<Meaning, List<String>> words(
      Meaning one, List<String> ones, Meaning other, List<String> others) {
    Map<Meaning, List<String>> words = new LinkedHashMap<>();
    words.put(one, ones);
    words.put(other, others);
    return words;
  }
}
