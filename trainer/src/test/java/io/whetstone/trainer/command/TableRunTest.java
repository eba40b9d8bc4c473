package io.whetstone.trainer.command;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tables and mixtures in a run, from the configuration to the records. */
class TableRunTest {
  @TempDir Path directory;

  private static final String CONFIGURATION =
      """
      name: tables
      model:
        from-scratch:
          hidden: 16
          layers: 1
          heads: 2
          feed-forward: 32
          max-positions: 128
          vocabulary: {bytes: true}
      stages:
        - grpo:
            tasks:
              mix:
                sources:
                  - weight: 2
                    table:
                      path: data/*.csv
                      prompt: "{question}"
                      answer: answer
                      difficulty: level
                      held-out: 4
                  - table:
                      path: set
                      prompt: q
                      answer: {from: a, boxed: true}
                      difficulty: l
                      held-out: 2
            curriculum: {order: easy-first, by: data}
            steps: 1
            tasks-per-step: 3
            group-size: 2
            max-tokens: 4
            rewards: [accuracy]
            learning-rate: 1e-4
      evaluation: {count: 3, max-tokens: 4}
      """;

  private void write(String name, String text) throws IOException {
    Files.createDirectories(directory.resolve(name).getParent());
    Files.writeString(directory.resolve(name), text);
  }

  private void writeData() throws IOException {
    for (String part : new String[] {"a", "b"}) {
      write(
          "data/" + part + ".csv",
          IntStream.range(0, 8)
              .mapToObj(i -> part + i + "?," + i + ",Level " + (9 - i) + "\n")
              .collect(Collectors.joining("", "question,answer,level\n", "")));
    }
    write(
        "set/train.jsonl",
        IntStream.range(0, 6)
            .mapToObj("{\"q\": \"s%1$d?\", \"a\": \"\\\\boxed{%1$d}\", \"l\": %1$d}\n"::formatted)
            .collect(Collectors.joining()));
    write("config.yaml", CONFIGURATION);
  }

  private CommandLineRun train(String... more) {
    String[] arguments = {
      "train",
      directory.resolve("config.yaml").toString(),
      "--runs",
      directory.resolve("runs").toString()
    };
    return CommandLineRun.of(
        java.util.stream.Stream.of(arguments, more)
            .flatMap(java.util.Arrays::stream)
            .toArray(String[]::new));
  }

  @Test
  void aMixtureOfTablesIsTrainedOnAndItsFilesAreKnownAgain() throws IOException {
    writeData();
    CommandLineRun.of("doctor", directory.resolve("config.yaml").toString()).succeeded();
    CommandLineRun run = train("--run", "one").succeeded();
    assertTrue(run.out().contains("held-out pass@1"), run.out());
    Files.writeString(
        directory.resolve("data/b.csv"),
        "more?,1,Level 1\n",
        java.nio.file.StandardOpenOption.APPEND);
    String refused =
        train("--run", "one", "--resume", "--set", "grpo.checkpoint-every=7").refused(2);
    assertTrue(refused.contains("b.csv: has changed"), refused);
  }

  @Test
  void dataThatCannotBeUsedSayWhereInTheConfiguration() throws IOException {
    writeData();
    write("data/b.csv", "question,answer,level\nx?,1\n");
    String refused = train().refused(2);
    assertTrue(refused.contains("b.csv:2: "), refused);
    write("config.yaml", CONFIGURATION.replace("difficulty: l\n", "dificulty: l\n"));
    refused = train().refused(2);
    assertTrue(
        refused.contains("grpo.tasks.mix.sources[1].table.dificulty: is not known; did you mean"),
        refused);
    write("config.yaml", CONFIGURATION.replace("weight: 2", "weight: 0"));
    refused = train().refused(2);
    assertTrue(refused.contains("grpo.tasks.mix.sources[0].weight: 0.0 is not in (0,"), refused);
  }
}
