package io.whetstone.rewards.behaviour;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.whetstone.datasets.DatasetException;
import io.whetstone.datasets.Task;
import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.Group;
import io.whetstone.rewards.Outcome;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardCatalog;
import io.whetstone.rewards.Score;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The values are worked out by hand from the formulas in the providers' Javadoc. */
class BehaviourRewardsTest {

  private static Reward make(String name, Map<String, Object> settings) {
    return RewardCatalog.ofClassPath().create(name, settings);
  }

  private static Score score(String name, Map<String, Object> settings, String text)
      throws Exception {
    return scores(name, settings, Task.of("t", "p", "4"), text).getFirst();
  }

  private static List<Score> scores(
      String name, Map<String, Object> settings, Task task, String... texts) throws Exception {
    return make(name, settings)
        .score(new Group(task, "", Arrays.stream(texts).map(Candidate::of).toList()));
  }

  private static double[] values(List<Score> scores) {
    return scores.stream().mapToDouble(score -> score.value().orElse(Double.NaN)).toArray();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "1|<think>a</think><answer>b</answer>",
        "1|</answer><answer></think><think>",
        "0.75|<think>a</think><answer>b",
        "0.5|<think>a</think>",
        "0.75|<think><think>a</think><answer>b</answer>",
        "0|a",
        "0|\"\"",
      })
  void tags(double expected, String text) throws Exception {
    assertEquals(expected, score("tags", Map.of(), text).value().orElseThrow(), 1e-12);
  }

  @Test
  void tagsOfThePromptCount() throws Exception {
    Group group =
        new Group(
            Task.of("t", "p", "4"),
            "<think>",
            List.of(Candidate.of("a</think><answer>4</answer>")));
    assertEquals(1, values(make("tags", Map.of()).score(group))[0]);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "1|Step 1: a~Step 2: b~Step 3: c",
        "0.6666666667|1. a~2. b",
        "1|- a~- b~* c~• d",
        "1|First, a. Next, b. Finally, c.",
        "0|3.14 is no step, nor is -1",
        "0|nothing",
      })
  void steps(double expected, String text) throws Exception {
    Score score = score("steps", Map.of(), text.replace('~', '\n'));
    assertEquals(expected, score.value().orElseThrow(), 1e-9);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "4|so \\boxed{4}.",
        "\\frac{1}{2}|\\boxed{3} or \\boxed{\\frac{1}{2}}",
        "\\{1,2\\}|\\boxed {\\{1,2\\}}",
        "4|<think>\\boxed{5}</think> \\boxed{4}",
        "4|<think>a</think><answer>\\boxed{4}</answer>",
      })
  void boxed(String extracted, String text) throws Exception {
    Score score = score("boxed", Map.of(), text);
    assertEquals(Outcome.CORRECT, score.outcome());
    assertEquals(Optional.of(extracted), score.extracted());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "the answer is 4|\\boxed{4|\\boxed{}|\\boxed 4|<think>\\boxed{4}</think> 4",
      })
  void notBoxed(String a, String b, String c, String d, String e) throws Exception {
    for (String text : List.of(a, b, c, d, e, "")) {
      assertEquals(Outcome.WRONG, score("boxed", Map.of(), text).outcome(), text);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "0|a b c d e",
        "0|a b",
        "0|\"\"",
        "-0.4|a b c a b c a", // abc, bca, cab, abc, bca: 3 different of 5
      })
  void repetition(double expected, String text) throws Exception {
    Score score = score("repetition", Map.of(), text);
    assertEquals(expected, score.value().orElseThrow(), 1e-12);
  }

  @Test
  void repetitionOfOtherUnits() throws Exception {
    Map<String, Object> characters = Map.of("unit", "characters", "ngram", 2, "penalty", -2);
    // 好好好: 好好, 好好: 1 of 2.
    assertEquals(-1, score("repetition", characters, "好 好好").value().orElseThrow());
    Candidate tokens = new Candidate("x", new int[] {1, 2, 1, 2, 1}, "end");
    Reward reward = make("repetition", Map.of("unit", "tokens", "ngram", 2));
    Group group = new Group(Task.of("t", "p", "4"), "", List.of(tokens));
    assertEquals(-0.5, values(reward.score(group))[0]); // 12, 21, 12, 21
    assertEquals(
        "repetition.unit: tokens are those of the whole completion; expected of: completion",
        assertThrows(
                IllegalArgumentException.class,
                () -> make("repetition", Map.of("unit", "tokens", "of", "thought")))
            .getMessage());
  }

  @Test
  void reflection() throws Exception {
    String text =
        "<think>Wait, no. wait... Hmm. Waiter! Let me check.</think><answer>wait</answer>";
    Score score = score("reflection", Map.of(), text);
    assertEquals(4, score.value().orElseThrow());
    assertEquals("{wait=2, hmm=1, let me check=1}", score.notes().get("words"));
    assertEquals(2, score("reflection", Map.of("most", 2), text).value().orElseThrow());
    assertEquals(0, score("reflection", Map.of(), "").value().orElseThrow());
  }

  private static String answer(String answer, int length) {
    String tags = "<answer>" + answer + "</answer>";
    return "x".repeat(length - tags.length()) + tags;
  }

  @Test
  void cosineLength() throws Exception {
    Task task = Task.of("t", "p", "4");
    Map<String, Object> settings = Map.of("max-length", 200);
    double[] values =
        values(
            scores(
                "cosine-length",
                settings,
                task,
                answer("4", 50),
                answer("4", 100),
                answer("5", 50),
                answer("5", 150),
                answer("4", 200)));
    double half = Math.sqrt(0.5);
    assertEquals(0.5 + 0.25 * (1 + half), values[0], 1e-12);
    assertEquals(0.75, values[1], 1e-12);
    assertEquals(-0.5 - 0.25 * (1 + half), values[2], 1e-12);
    assertEquals(-0.5 - 0.25 * (1 - half), values[3], 1e-12);
    assertEquals(-1, values[4]);
    Task unknown = new Task("t", "p", Optional.empty(), List.of(), Map.of());
    assertEquals(
        Outcome.NOT_APPLICABLE,
        scores("cosine-length", settings, unknown, "a").getFirst().outcome());
  }

  @Test
  void lengthBudget() throws Exception {
    Task task = new Task("t", "p", Optional.of("4"), List.of(), Map.of("budget", 100));
    assertEquals(
        List.of(0.94, 0.0),
        Arrays.stream(
                values(
                    scores(
                        "length-budget",
                        Map.of("alpha", 0.003),
                        task,
                        answer("4", 120),
                        answer("5", 100))))
            .boxed()
            .toList());
    double[] most =
        values(
            scores(
                "length-budget",
                Map.of("mode", "max", "alpha", 0.01),
                task,
                answer("4", 80),
                answer("4", 130),
                answer("4", 1000),
                answer("5", 50)));
    assertEquals(0.7, most[0], 1e-12);
    assertEquals(0.2, most[1], 1e-12);
    assertEquals(0, most[2]);
    assertEquals(0, most[3]);
    assertEquals(
        "budget: is missing; expected the length in tokens, 1 or more, or length-budget's setting"
            + " budget",
        assertThrows(
                DatasetException.class,
                () -> make("length-budget", Map.of()).check(Task.of("t", "p", "4")))
            .getMessage());
  }

  @Test
  void kimiLength() throws Exception {
    Task task = Task.of("t", "p", "4");
    double[] values =
        values(
            scores(
                "kimi-length",
                Map.of("correct-by", Map.of("accuracy", Map.of("compare", "exact"))),
                task,
                answer("4", 100),
                answer("4", 150),
                answer("4", 200),
                answer("5", 100),
                answer("5", 200)));
    assertEquals(List.of(0.5, 0.0, -0.5, 0.0, -0.5), Arrays.stream(values).boxed().toList());
    assertEquals(
        List.of(0.0, 0.0),
        Arrays.stream(
                values(scores("kimi-length", Map.of(), task, answer("4", 50), answer("5", 50))))
            .boxed()
            .toList());
    assertEquals(true, make("kimi-length", Map.of()).comparesCandidates());
    assertEquals(
        "kimi-length.correct-by: reward \"acuracy\" is not known; did you mean accuracy?",
        assertThrows(
                IllegalArgumentException.class,
                () -> make("kimi-length", Map.of("correct-by", "acuracy")))
            .getMessage()
            .split(" known: ")[0]);
  }

  @Test
  void overlong() throws Exception {
    Map<String, Object> settings = Map.of("max-length", 100, "buffer", 20);
    Task task = Task.of("t", "p", "4");
    double[] values =
        values(scores("overlong", settings, task, "x".repeat(80), "x".repeat(90), "x".repeat(500)));
    assertEquals(List.of(0.0, -0.5, -1.0), Arrays.stream(values).boxed().toList());
  }

  @Test
  void softFormatUnderItsOwnName() throws Exception {
    for (String text : List.of("", "<think>a</think>", "<think>a</think><answer>4</answer>")) {
      assertEquals(
          score("format", Map.of("mode", "soft"), text), score("format-soft", Map.of(), text));
    }
  }
}
