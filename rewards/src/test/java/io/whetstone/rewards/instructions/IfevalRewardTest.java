package io.whetstone.rewards.instructions;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.whetstone.datasets.DatasetException;
import io.whetstone.datasets.Task;
import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.Group;
import io.whetstone.rewards.Outcome;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardCatalog;
import io.whetstone.rewards.Score;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IfevalRewardTest {

  private static Task task(List<?> ids, List<?> kwargs) {
    return new Task(
        "t",
        "p",
        Optional.empty(),
        List.of(),
        Map.of("instruction_id_list", ids, "kwargs", kwargs));
  }

  private static Reward make(Map<String, Object> settings) {
    return RewardCatalog.ofClassPath().create("ifeval", settings);
  }

  private static Score score(Map<String, Object> settings, Task task, String text)
      throws Exception {
    return make(settings).score(new Group(task, "", List.of(Candidate.of(text)))).getFirst();
  }

  /** Against lm-evaluation-harness's IFEval; see src/test/python/make_ifeval_golden.py. */
  @Test
  void agreesWithTheReference() throws Exception {
    JsonNode golden;
    try (InputStream in = IfevalRewardTest.class.getResourceAsStream("/ifeval/golden.json")) {
      golden = new ObjectMapper().readTree(in);
    }
    List<String> differ = new ArrayList<>();
    int compared = 0;
    for (String mode : List.of("strict", "loose")) {
      Reward reward = make(Map.of("mode", mode, "of", "completion"));
      for (int i = 0; i < golden.get("instructions").size(); i++) {
        JsonNode instruction = golden.get("instructions").get(i);
        Task task =
            task(
                List.of(instruction.get("id").asText()),
                List.of(new ObjectMapper().convertValue(instruction.get("kwargs"), Map.class)));
        for (int r = 0; r < golden.get("responses").size(); r++) {
          String response = golden.get("responses").get(r).asText();
          Score score =
              reward.score(new Group(task, "", List.of(Candidate.of(response)))).getFirst();
          boolean expected = golden.get(mode).get(i).asText().charAt(r) == '1';
          compared++;
          if (expected != (score.outcome() == Outcome.CORRECT)) {
            differ.add(mode + " " + instruction + " expected " + expected + ": " + response);
          }
        }
      }
    }
    // Language and case: short texts in which two detectors may differ.
    Set<String> byLanguage = Set.of("language:", "change_case:english_");
    List<String> others =
        differ.stream().filter(d -> byLanguage.stream().noneMatch(d::contains)).toList();
    assertEquals(List.of(), others);
    assertTrue(differ.size() <= 0.02 * compared, differ.size() + ": " + String.join("\n", differ));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "1|One sentence.",
        "1|no end",
        "3|One. Two! Three?",
        "2|Dr. Smith came at 3.14 p.m. to the U.S. embassy. He left.",
        "2|He said \"No.\" Then he left.",
        "1|e.g. this and that, i.e. those",
        "3|Wait... what? Yes. No",
        "2|1. First thing.~2. Second thing.",
        "2|J. R. Smith wrote it. I read it.",
        "0|' '",
      })
  void sentences(int expected, String text) {
    assertEquals(expected, Sentences.count(text.replace('~', '\n')), text);
  }

  @Test
  void severalInstructionsAreAllOrAShare() throws Exception {
    Map<String, Object> nulls = new HashMap<>();
    nulls.put("num_words", null); // as the published data have it
    Task task =
        task(
            List.of("punctuation:no_comma", "length_constraints:number_words"),
            List.of(nulls, Map.of("num_words", 3.0, "relation", "at least")));
    assertEquals(Score.correct(), score(Map.of(), task, "one two three"));
    assertEquals(
        Score.wrong().withNote("missed", "punctuation:no_comma"),
        score(Map.of(), task, "one, two, three"));
    Score share = score(Map.of("credit", "share"), task, "one, two, three");
    assertEquals(0.5, share.value().orElseThrow());
    String thought = "<think>a, b, c</think>one two three";
    assertEquals(Outcome.CORRECT, score(Map.of(), task, thought).outcome());
    assertEquals(Outcome.WRONG, score(Map.of(), task, "").outcome());
    assertEquals(Outcome.NOT_APPLICABLE, score(Map.of(), Task.of("t", "p", "a"), "one").outcome());
  }

  @Test
  void badInstructionsAreDataErrors() {
    assertBad(
        "instruction_id_list: \"punctuation:no_coma\" is not known; did you mean"
            + " punctuation:no_comma? known: ",
        List.of("punctuation:no_coma"),
        List.of(Map.of()));
    assertBad(
        "kwargs: length_constraints:number_words: num_words: is missing; expected a whole number",
        List.of("length_constraints:number_words"),
        List.of(Map.of("relation", "at least")));
    assertBad(
        "kwargs: length_constraints:number_words: relation: is \"more than\"; expected \"less",
        List.of("length_constraints:number_words"),
        List.of(Map.of("num_words", 3, "relation", "more than")));
    assertBad(
        "kwargs: punctuation:no_comma: num_words is not known; nothing is expected here",
        List.of("punctuation:no_comma"),
        List.of(Map.of("num_words", 3)));
    assertBad(
        "kwargs: is not a list of 1 objects, one for each instruction",
        List.of("punctuation:no_comma"),
        List.of());
  }

  private static void assertBad(String message, List<?> ids, List<?> kwargs) {
    String got =
        assertThrows(DatasetException.class, () -> make(Map.of()).check(task(ids, kwargs)))
            .getMessage();
    assertTrue(got.startsWith(message), got);
  }

  @Test
  void theKindsAreTwentyFive() {
    assertEquals(25, new Instructions().names().size());
  }
}
