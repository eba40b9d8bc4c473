package io.whetstone.trainer.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Names, help and exit codes of the command line; what it prints where. */
class CommandSurfaceTest {
  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "train",
        "eval",
        "generate",
        "logprobs",
        "tokenize",
        "score",
        "export",
        "serve",
        "report",
        "doctor",
        "replay",
        "bench",
        "completion"
      })
  void everyVerbHasHelp(String verb) {
    CommandLineRun help = CommandLineRun.of(verb, "--help").succeeded();
    assertTrue(help.out().startsWith("Usage: whetstone " + verb), help.out());
    assertEquals("", help.err());
    assertFalse(help.out().contains("\u001b"), "no colours where there is no terminal");
    assertTrue(CommandLineRun.of("--help").succeeded().out().contains("  " + verb + " "));
  }

  @ParameterizedTest
  @ValueSource(strings = {"serve", "report", "replay"})
  void verbsToComeSaySo(String verb) {
    CommandLineRun run = CommandLineRun.of(verb, "anything", "--json", "--port", "80");
    assertEquals("whetstone: " + verb + " is not there yet\n", run.refused(2).replace("\r", ""));
    assertEquals("", run.out());
  }

  @Test
  void whatIsTypedWrongIsExplained() {
    assertTrue(CommandLineRun.of().refused(2).contains("a verb is missing"));
    assertTrue(CommandLineRun.of("trian").refused(2).contains("train"));
    assertTrue(CommandLineRun.of("train").refused(2).contains("CONFIG"));
    String option = CommandLineRun.of("train", "x.yaml", "--resum").refused(2);
    assertTrue(option.contains("--resume") && option.contains("whetstone train --help"), option);
    assertTrue(
        CommandLineRun.of("export", "x", "--to", "y", "--format", "pt").refused(2).contains("pt"));
    assertTrue(
        CommandLineRun.of("generate", "x", "--prompt", "y", "--samples", "many")
            .refused(2)
            .contains("many"));
  }

  @Test
  void debugShowsWhere() {
    CommandLineRun run = CommandLineRun.of("train", "nowhere.yaml", "--debug");
    assertEquals(2, run.code());
    assertTrue(run.err().contains("\tat io.whetstone"), run.err());
  }

  @Test
  void completionIsAScript() {
    String script = CommandLineRun.of("completion").succeeded().out();
    assertTrue(script.startsWith("#!/usr/bin/env bash"), script.substring(0, 40));
    assertTrue(script.contains("--resume"));
  }

  @Test
  void scoreKeepsValuesOutcomesAndWhatWasRead() throws IOException {
    Path file = directory.resolve("scored.jsonl");
    Files.writeString(
        file,
        """
        {"prompt":"1+2=?","completion":"<think>1+2=3</think><answer>3</answer>","answer":"3"}
        {"prompt":"1+2=?","completion":"<think>1+2=4</think><answer>4</answer>","answer":3}
        {"prompt":"1+2=?","completion":"<answer>"}
        """);
    List<String> lines =
        CommandLineRun.of("score", "--rewards", "format,accuracy", "--file", file.toString())
            .succeeded()
            .out()
            .lines()
            .toList();
    assertEquals(
        "{\"rewards\":{\"format\":1.0,\"accuracy\":1.0},"
            + "\"outcomes\":{\"format\":\"correct\",\"accuracy\":\"correct\"},"
            + "\"extracted\":{\"format\":null,\"accuracy\":\"3\"}}",
        lines.get(0));
    assertTrue(lines.get(1).contains("\"accuracy\":\"wrong\""), lines.get(1));
    assertEquals(3, lines.size());
    String config = Path.of("..", "configs", "first-run.yaml").toString();
    assertEquals(
        3,
        CommandLineRun.of("score", "--rewards", config, "--file", file.toString())
            .succeeded()
            .out()
            .lines()
            .count());
  }

  @Test
  void scoreNamesWhatIsWrong() throws IOException {
    Path file = directory.resolve("scored.jsonl");
    Files.writeString(
        file, "{\"prompt\":\"1\",\"completion\":\"2\",\"answer\":\"3\"}\n{\"prompt\":1}\n");
    CommandLineRun run =
        CommandLineRun.of("score", "--rewards", "accuracy", "--file", file.toString());
    assertTrue(run.refused(2).contains(file + ":2: "), run.err());
    assertEquals(1, run.out().lines().count());
    assertTrue(
        CommandLineRun.of("score", "--rewards", "acuracy", "--file", file.toString())
            .refused(2)
            .contains("did you mean accuracy?"));
    assertTrue(
        CommandLineRun.of("score", "--rewards", "accuracy", "--file", "nowhere.jsonl")
            .refused(2)
            .contains("nowhere.jsonl: is not there"));
    assertTrue(
        CommandLineRun.of(
                "score", "--rewards", "accuracy", "--file", file.toString(), "--plugins", "nowhere")
            .refused(2)
            .contains("nowhere"));
  }

  @Test
  void doctorFindsWhatWouldGoWrong() throws IOException {
    String shipped = Path.of("..", "configs", "own-data.yaml").toString();
    CommandLineRun well = CommandLineRun.of("doctor", shipped).succeeded();
    assertTrue(well.out().contains("parameters") && well.out().contains("all is well"), well.out());
    CommandLineRun ill =
        CommandLineRun.of("doctor", shipped, "--set", "model.from-scratch.max-positions=100");
    assertEquals(2, ill.code(), ill.out());
    assertTrue(ill.out().contains("raise max-positions"), ill.out());
    CommandLineRun missing =
        CommandLineRun.of("doctor", shipped, "--set", "grpo.tasks.jsonl.path=nowhere.jsonl");
    assertEquals(2, missing.code(), missing.out());
    assertTrue(missing.out().contains("nowhere.jsonl"), missing.out());
  }
}
