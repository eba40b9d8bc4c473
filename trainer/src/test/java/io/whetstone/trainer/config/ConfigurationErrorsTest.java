package io.whetstone.trainer.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a person is told about a configuration that cannot be used. */
class ConfigurationErrorsTest {
  static final String GOOD =
      """
      name: good
      model:
        from-scratch:
          hidden: 32
          layers: 1
          heads: 4
          feed-forward: 64
          max-positions: 64
          vocabulary: {characters: "0123456789+=;?"}
      stages:
        - sft:
            data: {synthetic: {sums: {}}}
            steps: 10
            batch: 8
            learning-rate: 1e-3
        - grpo:
            tasks: {synthetic: {sums: {}}}
            steps: 5
            tasks-per-step: 4
            group-size: 4
            max-tokens: 32
            clip-low: 0.2
            rewards:
              - accuracy
              - format: {weight: 0.2}
            learning-rate: 1e-4
      evaluation:
        max-tokens: 32
      """;

  @TempDir Path directory;

  private String complaint(String text, String... overrides) throws IOException {
    Path file = directory.resolve("x.yaml");
    Files.writeString(file, text);
    String message =
        assertThrows(
                ConfigurationException.class, () -> Configuration.load(file, List.of(overrides)))
            .getMessage();
    String prefix = file + ": ";
    return message.startsWith(prefix) ? message.substring(prefix.length()) : message;
  }

  private String changed(String from, String to) throws IOException {
    assertTrue(GOOD.contains(from), from);
    return complaint(GOOD.replace(from, to));
  }

  @Test
  void impossibleValueNamesKeyValueRangeAndLine() throws IOException {
    assertEquals(
        "grpo.clip-low: 1.2 is not in [0, 1) (line 22)", changed("clip-low: 0.2", "clip-low: 1.2"));
    assertEquals("sft.batch: 0 is not at least 1 (line 14)", changed("batch: 8", "batch: 0"));
    assertEquals(
        "model.from-scratch.kv-heads: 3 does not divide heads, which is 4 (line 7)",
        changed("heads: 4", "heads: 4\n    kv-heads: 3"));
  }

  @Test
  void impossibleThinkingIsExplained() throws IOException {
    String key = "clip-low: 0.2";
    assertEquals(
        "grpo.thinking.times: -1 is not at least 0 (line 23)",
        changed(key, key + "\n      thinking: {times: -1}"));
    assertEquals(
        "grpo.thinking.again: is empty; expected the text that makes the policy think on, as times"
            + " is 2 (line 23)",
        changed(key, key + "\n      thinking: {times: 2, again: ''}"));
    assertEquals(
        "grpo.thinking.most-tokens: 32 is not below max-tokens, which is 32: no answer could follow"
            + " (line 23)",
        changed(key, key + "\n      thinking: {most-tokens: 32}"));
  }

  @Test
  void impossibleValueOfAnotherModulesRecord() throws IOException {
    assertEquals(
        "sft.data.synthetic.sums.held-out: 2.0 is not in (0, 1) (line 12)",
        complaint(GOOD.replaceFirst("sums: \\{}", "sums: {held-out: 2.0}")));
  }

  @Test
  void unknownKeyNamesTheNearest() throws IOException {
    String message = changed("clip-low", "clip-lo");
    assertTrue(
        message.startsWith(
            "grpo.clip-lo: is not known; did you mean clip-low? known: adam-epsilon,"),
        message);
    assertTrue(message.endsWith(" (line 22)"), message);
    assertTrue(changed("name: good", "name: good\nbakend: cpu").contains("did you mean backend?"));
  }

  @Test
  void unknownStage() throws IOException {
    assertEquals(
        "grop: is not known; did you mean grpo? known: dpo, grpo,"
            + " rejection-sampling, reward-model, reward-weighted, sft (line 16)",
        changed("- grpo:", "- grop:"));
  }

  @Test
  void missingKeyIsNamedWithWhatIsExpected() throws IOException {
    assertEquals(
        "grpo.group-size: is missing; expected a whole number (line 16)",
        changed("      group-size: 4\n", ""));
    assertEquals("name: is missing; expected text", changed("name: good\n", ""));
  }

  @Test
  void mistypedValueSaysGotAndExpected() throws IOException {
    assertEquals(
        "sft.steps: \"many\" is not a whole number (line 13)", changed("steps: 10", "steps: many"));
    assertEquals(
        "sft.steps: 1.5 is not a whole number (line 13)", changed("steps: 10", "steps: 1.5"));
    assertEquals(
        "stages: \"sft\" is not a list (line 2)",
        complaint("name: x\nstages: sft\nmodel: {path: a}\n"));
    assertTrue(
        changed("clip-low: 0.2", "reduction: mean")
            .startsWith("grpo.reduction: \"mean\" is not known;"));
    assertEquals(
        "grpo.rewards[1].format.deadline: \"soon\" is not a duration such as 10s, 500ms or 2m (line"
            + " 25)",
        changed("weight: 0.2", "deadline: soon"));
  }

  @Test
  void brokenYamlIsOneMessageWithLineAndColumn() throws IOException {
    String message = changed("steps: 10", "steps: [10");
    assertTrue(message.startsWith("is not YAML: "), message);
    assertTrue(message.matches("(?s).*\\(line \\d+, column \\d+\\)"), message);
    assertEquals(1, message.lines().count(), message);
  }

  @Test
  void keyGivenTwice() throws IOException {
    assertEquals(
        "stages[0].sft.steps: is given twice, in lines 13 and 14",
        changed("steps: 10", "steps: 10\n      steps: 11"));
  }

  @Test
  void exactlyOneOf() throws IOException {
    assertEquals(
        "model: both of from-scratch and path given; expected exactly one (line 2)",
        changed("model:\n", "model:\n  path: somewhere\n"));
    assertEquals(
        "sft: both of steps and epochs given; expected one (line 11)",
        changed("steps: 10", "steps: 10\n      epochs: 1"));
  }

  /** What a library's own optimizer does not do is not taken and then forgotten. */
  @Test
  void aHeadRefusesSettingsOfAnotherOptimizer() throws IOException {
    String stage =
        """
          - reward-model:
              kind: deeplearning4j
              rollouts:
                tasks: {synthetic: {sums: {}}}
                samples: 4
                max-tokens: 8
                rewards: [accuracy]
              tasks-per-round: 8
              steps: 5
              batch: 4
              learning-rate: 1e-3
        """;
    String given = GOOD.replace("stages:\n", "stages:\n" + stage);
    assertEquals(
        "reward-model.moments: eight-bit: a head's moments are its library's own, in F32; leave it"
            + " out (kind: deeplearning4j) (line 21)",
        complaint(given.replace("batch: 4", "batch: 4\n      moments: eight-bit")));
    assertTrue(
        complaint(given.replace("batch: 4", "batch: 4\n      weight-decay: 0.1"))
            .contains("weight-decay: 0.1: a head learns by Adam, without it"));
  }

  @Test
  void overridesAreNamedAsTheOrigin() throws IOException {
    assertEquals(
        "grpo.clip-low: 3 is not in [0, 1) (--set grpo.clip-low=3)",
        complaint(GOOD, "grpo.clip-low=3"));
    assertEquals(
        "--set clip-low=3: clip-low is not known; known: average, backend, evaluation, exact, grpo,"
            + " keep-checkpoints, model, name, offload, precision, prompt-template,"
            + " recompute-activations, seed, sft, stages, threads",
        complaint(GOOD, "clip-low=3"));
    assertEquals("--set seed: is not of the form key=value", complaint(GOOD, "seed"));
    assertEquals(
        "--set stages.7.sft.steps=1: stages has 2 items and none is called 7",
        complaint(GOOD, "stages.7.sft.steps=1"));
  }

  @Test
  void notAConfiguration() throws IOException {
    assertTrue(complaint("").startsWith("is empty; expected keys: name, seed, backend"));
    assertTrue(complaint("- a\n").startsWith("is no map; expected keys: name"));
    Path nowhere = directory.resolve("nowhere.yaml");
    assertEquals(
        nowhere + ": is not there; expected a configuration in YAML",
        assertThrows(ConfigurationException.class, () -> Configuration.load(nowhere, List.of()))
            .getMessage());
    Files.write(directory.resolve("binary.yaml"), new byte[] {'a', (byte) 0xff, (byte) 0xfe});
    assertTrue(
        assertThrows(
                ConfigurationException.class,
                () -> Configuration.load(directory.resolve("binary.yaml"), List.of()))
            .getMessage()
            .endsWith("is not text in UTF-8"));
  }
}
