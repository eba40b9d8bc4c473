package io.whetstone.rewards.behaviour;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.datasets.Task;
import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.Group;
import io.whetstone.rewards.RewardCatalog;
import io.whetstone.rewards.Score;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LanguageRewardsTest {

  private static Score score(String name, Map<String, Object> settings, String prompt, String text)
      throws Exception {
    Task task = new Task("t", prompt, Optional.empty(), List.of(), Map.of());
    return RewardCatalog.ofClassPath()
        .create(name, settings)
        .score(new Group(task, "", List.of(Candidate.of(text))))
        .getFirst();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "1|en|<think>We add the two numbers and carry the one, then we check the sum.</think>",
        "1|en|<think>37+58=95</think><answer>95</answer>",
        "0|en|<think></think>",
        "0|en|\"\"",
        "1|zh|<think>我们把两个数字相加。</think>",
        "0|en|<think>我们把两个数字相加。</think>",
        "0.5|en|<think>we add 相加</think>",
        "1|ja|<think>二つの数を足します。</think>",
        "0|zh|<think>これはひらがなです</think>",
        "1|ru|<think>Мы складываем два числа и получаем ответ.</think>",
        "0|en|<think>Nous devons additionner les deux nombres pour trouver la réponse.</think>",
        "1|fr|<think>Nous devons additionner les deux nombres pour trouver la réponse.</think>",
        "1|en|<think>Let $x$ be \\frac{a}{b}, so we get `foo bar` from the equation.</think>",
        "1|en|<think>all of this is English</think><answer>但是答案不是</answer>",
      })
  void shareOfWordsInTheTarget(double expected, String target, String text) throws Exception {
    Score score = score("language", Map.of("target", target), "p", text);
    assertEquals(expected, score.value().orElseThrow(), 1e-9, score.notes().toString());
  }

  @Test
  void sentencesOfAnotherLanguageAreSeen() throws Exception {
    String text =
        "We have to add the numbers together and then check what we found. "
            + "Nous devons additionner les deux nombres pour trouver la réponse.";
    Score score = score("language", Map.of("target", "en"), "p", text);
    assertEquals(13 / 23.0, score.value().orElseThrow(), 1e-9, score.notes().toString());
  }

  @Test
  void theTargetIsTheTasksThePromptsOrTheSettings() throws Exception {
    String chinese = "<think>我们把两个数字相加</think>";
    assertEquals(1, score("language", Map.of(), "两个数字的和是多少？", chinese).value().orElseThrow());
    assertEquals(0, score("language", Map.of(), "What is the sum?", chinese).value().orElseThrow());
    assertEquals(0, score("language", Map.of(), "37+58=?", chinese).value().orElseThrow());
    Task task = new Task("t", "p", Optional.empty(), List.of(), Map.of("language", "zh"));
    Score own =
        RewardCatalog.ofClassPath()
            .create("language", Map.of("target", "en"))
            .score(new Group(task, "", List.of(Candidate.of(chinese))))
            .getFirst();
    assertEquals(1, own.value().orElseThrow());
    assertEquals("zh", own.notes().get("target"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "0|<think>We add the two numbers and then we check.</think>",
        "0|<think>我们把两个数字相加。</think>",
        "0|37+58=95",
        "0|\"\"",
        "-0.5|<think>we add 相加</think>",
        "-0.25|<think>we add them 加</think>",
      })
  void mixing(double expected, String text) throws Exception {
    Score score = score("language-mixing", Map.of(), "p", text);
    assertEquals(expected, score.value().orElseThrow(), 1e-9, score.notes().toString());
  }

  @Test
  void aLongThoughtIsReadInTime() throws Exception {
    String text =
        "We add the numbers, carry the one and look at the result again.\n".repeat(20_000);
    long start = System.nanoTime();
    assertEquals(1, score("language", Map.of("target", "en"), "p", text).value().orElseThrow());
    assertTrue(System.nanoTime() - start < 10_000_000_000L, "within the default deadline");
  }
}
