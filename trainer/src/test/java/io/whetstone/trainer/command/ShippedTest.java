package io.whetstone.trainer.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the repository ships runs: its configurations, and the commands its README shows. */
class ShippedTest {
  /** A reward-model stage and its name. */
  private static final Pattern REWARD_MODEL = Pattern.compile("- reward-model:.*\\R +name: (\\S+)");

  private static final Path ROOT = Path.of("").toAbsolutePath().getParent();

  private static List<String> shortened(Path configuration) throws IOException {
    List<String> overrides = new ArrayList<>();
    String text = Files.readString(configuration);
    if (text.contains("- sft:")) {
      overrides.addAll(
          List.of("sft.steps=2", "sft.batch=4", "sft.schedule.warmup=1", "sft.checkpoint-every=0"));
    }
    if (text.contains("- grpo:")) {
      overrides.addAll(
          List.of(
              "grpo.steps=2",
              "grpo.tasks-per-step=2",
              "grpo.group-size=4",
              "grpo.max-tokens=16",
              "grpo.schedule.warmup=1"));
    }
    Matcher models = REWARD_MODEL.matcher(text);
    while (models.find()) {
      Stream.of(
              "tasks-per-round=4",
              "steps=2",
              "schedule.warmup=1",
              "rollouts.samples=2",
              "rollouts.max-tokens=16")
          .map(override -> models.group(1) + "." + override)
          .forEach(overrides::add);
    }
    if (text.contains("evaluation:")) {
      overrides.addAll(List.of("evaluation.count=4", "evaluation.max-tokens=16"));
    }
    return overrides.stream().flatMap(o -> Stream.of("--set", o)).toList();
  }

  @Test
  void everyConfigurationRuns(@TempDir Path runs, @TempDir Path directory) throws IOException {
    StandIns standIns = new StandIns(directory);
    try (Stream<Path> files = Files.walk(ROOT.resolve("configs"))) {
      // Those in models/ begin from models that are not here: ReadyModelsTest.
      List<Path> configurations =
          files
              .filter(f -> f.toString().endsWith(".yaml") && !f.getParent().endsWith("models"))
              .toList();
      assertTrue(configurations.size() >= 2, configurations.toString());
      for (Path configuration : configurations) {
        assertTrue(
            Files.readString(configuration).lines().takeWhile(l -> l.startsWith("#")).count() > 3,
            configuration + " does not say what to expect");
        if (configuration.endsWith("deeplearning4j.yaml")) {
          System.out.println(
              "NOT RUN here: "
                  + configuration
                  + ": its module is not on this class path; rewards/deeplearning4j's HeadRunTest"
                  + " runs it");
          continue;
        }
        List<String> arguments =
            new ArrayList<>(
                List.of(
                    "train",
                    standIns.localized(configuration).toString(),
                    "--runs",
                    runs.toString()));
        arguments.addAll(shortened(configuration));
        CommandLineRun run = CommandLineRun.of(arguments.toArray(String[]::new)).succeeded();
        assertTrue(run.out().contains("held-out pass@1"), run.out());
      }
    }
  }

  /** Lines that begin with scripts/whetstone in the README's fenced blocks. */
  private static List<List<String>> commands() throws IOException {
    return Files.readString(ROOT.resolve("README.md"))
        .lines()
        .filter(line -> line.startsWith("scripts/whetstone "))
        .map(ShippedTest::words)
        .toList();
  }

  /** Words as a shell splits them, as far as the README needs it. */
  private static List<String> words(String line) {
    List<String> words = new ArrayList<>();
    Matcher matcher = Pattern.compile("\"([^\"]*)\"|(\\S+)").matcher(line);
    while (matcher.find()) {
      words.add(matcher.group(1) != null ? matcher.group(1) : matcher.group(2));
    }
    return words.subList(1, words.size());
  }

  @Test
  void everyCommandOfTheReadmeWorks(@TempDir Path directory) throws IOException {
    List<List<String>> commands = commands();
    assertTrue(commands.size() >= 6, commands.toString());
    for (List<String> command : commands) {
      List<String> arguments = new ArrayList<>();
      for (String word : command) {
        arguments.add(
            word.startsWith("configs/") || word.startsWith("examples/")
                ? ROOT.resolve(word).toString()
                : word.startsWith("runs/") || word.equals("exported")
                    ? directory.resolve(word).toString()
                    : word);
      }
      if (command.getFirst().equals("train")) {
        arguments.addAll(List.of("--runs", directory.resolve("runs").toString()));
        arguments.addAll(shortened(ROOT.resolve(command.get(1))));
      }
      CommandLineRun run = CommandLineRun.of(arguments.toArray(String[]::new));
      assertEquals(0, run.code(), command + ": " + run.err());
    }
  }

  /** The claim of configs/first-run.yaml, on the seeds it is made for. */
  @Test
  @Tag("long")
  void theFirstRunLearns(@TempDir Path runs) throws IOException {
    for (int seed = 0; seed < 3; seed++) {
      String name = "seed-" + seed;
      CommandLineRun.of(
              "train",
              ROOT.resolve("configs/first-run.yaml").toString(),
              "--runs",
              runs.toString(),
              "--run",
              name,
              "--set",
              "seed=" + seed)
          .succeeded();
      var summary = RunFiles.summary(runs.resolve(name));
      assertTrue(summary.get("pass@1/before").asDouble() <= 0.35, summary.toString());
      assertTrue(summary.get("greedy/before").asDouble() <= 0.40, summary.toString());
      assertTrue(summary.get("pass@1/after").asDouble() >= 0.90, summary.toString());
      assertTrue(
          summary.get("thinks/after").asDouble() > summary.get("thinks/before").asDouble(),
          summary.toString());
      assertTrue(
          summary.get("think-length/after").asDouble()
              > summary.get("think-length/before").asDouble(),
          summary.toString());
      assertEquals(0, summary.get("logprob-mismatch/max").asDouble());
    }
  }
}
