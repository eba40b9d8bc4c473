package io.whetstone.rewards;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.whetstone.datasets.DatasetException;
import io.whetstone.datasets.Task;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BuiltInRewardsTest {

  private static Score score(
      String reward, Map<String, Object> settings, String prefix, String gold, String text)
      throws Exception {
    return RewardCatalog.ofClassPath()
        .create(reward, settings)
        .score(new Group(Task.of("t", "p", gold), prefix, List.of(Candidate.of(text))))
        .getFirst();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "1|''|<think>a</think><answer>b</answer>",
        "1|''|\" <think>\na\n</think>\n<answer> b </answer>\n\"",
        "1|<think>|a</think><answer>b</answer>",
        "1|\"Let me solve this.\n<think>\n\"|a</think><answer>b</answer>",
        "1|<think>a</think>|<answer>b</answer>",
        "1|Sure. |<think>a < b</think><answer>b</answer>",
        "0|<think>|<think>a</think><answer>b</answer>",
        "0|''|a</think><answer>b</answer>",
        "0|''|<think>a</think><answer>b</answer>.",
        "0|''|So: <think>a</think><answer>b</answer>",
        "0|''|<think>a</think>so<answer>b</answer>",
        "0|''|<think> </think><answer>b</answer>",
        "0|''|<think>a</think><answer></answer>",
        "0|''|<think>a<answer>b</answer></think>",
        "0|''|<answer>b</answer><think>a</think>",
        "0|''|<think>a</think><answer>b</answer><answer>b</answer>",
        "0|''|<think><think>a</think></think><answer>b</answer>",
        "0|''|<think>a</think><answer>b",
        "0|''|<THINK>a</THINK><answer>b</answer>",
        "0|''|\"\"",
      })
  void strictFormat(double value, String prefix, String text) throws Exception {
    Score score = score("format", Map.of(), prefix.equals("''") ? "" : prefix, "b", text);
    assertEquals(value == 1 ? Score.correct() : Score.wrong(), score);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "6|<think>a</think><answer>b</answer>",
        "5|So: <think>a</think><answer>b</answer>",
        "4|<answer>b</answer><think>a</think>",
        "3|<think>a</think><answer>b",
        "2|<answer>b</answer>",
        "3|<think>a</think><answer>b</answer></answer>",
        "0|\"\"",
      })
  void softFormatCountsSixths(int sixths, String text) throws Exception {
    assertEquals(
        Score.scored(sixths / 6.0), score("format", Map.of("mode", "soft"), "", "b", text));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "correct|116|<answer>116</answer>",
        "correct|116|<answer> 116 </answer>",
        "correct|116|<answer>1</answer> no, <answer>116</answer>",
        "correct|1234|<answer>+1,234.00</answer>",
        "correct|1,234|<answer>1234</answer>",
        "correct|0.5|<answer>.5</answer>",
        "correct|-3|<answer>-3.</answer>",
        "correct|blue|<answer>blue</answer>",
        "wrong|blue|<answer>Blue</answer>",
        "wrong|116|<answer>117</answer>",
        "wrong|116|<answer>1.16e2</answer>",
        "wrong|116|<answer>1e999999999</answer>",
        "wrong|116|<answer>11,6</answer>",
        "wrong|116|<answer>one hundred and sixteen</answer>",
        "wrong|12345678901234567890.1|<answer>12345678901234567890.2</answer>",
        "correct|12345678901234567890.1|<answer>12345678901234567890.10</answer>",
        "unparseable|116|116",
        "unparseable|116|<answer>116",
        "unparseable|116|<answer></answer>",
        "unparseable|116|</answer>116<answer>",
      })
  void accuracy(String outcome, String gold, String text) throws Exception {
    assertEquals(outcome, score("accuracy", Map.of(), "", gold, text).outcome().text());
  }

  @Test
  void accuracyTellsWhatItRead() throws Exception {
    assertEquals(
        Optional.of("1,5"),
        score("accuracy", Map.of(), "", "2", "<answer> 1,5 </answer>").extracted());
  }

  @Test
  void accuracyWithinTolerance() throws Exception {
    Map<String, Object> absolute = Map.of("tolerance", 0.3);
    assertEquals(Score.correct().withExtracted("2.3"), answer(absolute, "2", "2.3"));
    assertEquals(Score.wrong().withExtracted("2.31"), answer(absolute, "2", "2.31"));
    Map<String, Object> relative = Map.of("relative-tolerance", 0.01, "compare", "numeric");
    assertEquals(Score.correct().withExtracted("-99"), answer(relative, "-100", "-99"));
    assertEquals(Score.wrong().withExtracted("98.9"), answer(relative, "100", "98.9"));
  }

  private static Score answer(Map<String, Object> settings, String gold, String answer)
      throws Exception {
    return score("accuracy", settings, "", gold, "<answer>" + answer + "</answer>");
  }

  @Test
  void exactAccuracyComparesCharacters() throws Exception {
    assertEquals(
        Score.wrong().withExtracted("2.0"), answer(Map.of("compare", "exact"), "2", "2.0"));
  }

  @Test
  void accuracyMayRequireTheFormat() throws Exception {
    Map<String, Object> strict = Map.of("require-format", true);
    assertEquals(Outcome.UNPARSEABLE, answer(strict, "2", "2").outcome());
    assertEquals(
        Outcome.CORRECT,
        score("accuracy", strict, "<think>", "2", "1+1=2</think><answer>2</answer>").outcome());
  }

  @Test
  void accuracyHasNothingToSayWithoutGold() throws Exception {
    Task task = new Task("t", "p", Optional.empty(), List.of(), Map.of());
    assertEquals(
        List.of(Score.notApplicable()),
        RewardCatalog.ofClassPath()
            .create("accuracy", Map.of())
            .score(new Group(task, "", List.of(Candidate.of("<answer>2</answer>")))));
  }

  @Test
  void anUnreadableGoldAnswerIsADataErrorWhenItIsLoaded() {
    Reward numeric = RewardCatalog.ofClassPath().create("accuracy", Map.of("compare", "numeric"));
    assertEquals(
        "task gsm/7: answer: \"$72\" is not a number; accuracy with compare: numeric needs one",
        assertThrows(DatasetException.class, () -> numeric.check(Task.of("gsm/7", "p", "$72")))
            .getMessage());
    numeric.check(Task.of("gsm/8", "p", "1,072"));
  }

  @Test
  void lengthFallsFromFreeToLimit() throws Exception {
    Map<String, Object> settings = Map.of("free", 2, "limit", 4);
    assertEquals(Score.scored(0), score("length", settings, "", "", "ab"));
    assertEquals(Score.scored(-0.5), score("length", settings, "", "", "a😀b"));
    assertEquals(Score.scored(-1), score("length", settings, "", "", "abcdefgh"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "accuracy|tolerence|1|accuracy.tolerence: is not known; did you mean tolerance? known:"
            + " compare, relative-tolerance, require-format, tolerance",
        "accuracy|tolerance|-1|accuracy.tolerance: -1.0 is not 0 or more",
        "format|mode|strickt|format.mode: \"strickt\" is not known; did you mean strict? known:"
            + " soft, strict",
        "length|free|x|length.free: \"x\" is not a whole number",
        "length|limit|5|length.limit: 5 is not more than free, 16384",
      })
  void settingsAreChecked(String reward, String key, String value, String message) {
    Object given = value.matches("-?\\d+") ? (Object) Integer.valueOf(value) : value;
    assertEquals(
        message,
        assertThrows(
                IllegalArgumentException.class,
                () -> RewardCatalog.ofClassPath().create(reward, Map.of(key, given)))
            .getMessage());
  }
}
