package io.whetstone.trainer.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Killed at any moment and resumed, a run ends with the bytes of one that was left alone. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class KilledRunTest {
  private static final String[] LONGER = {"--set", "grpo.steps=40"};

  private Path runs;
  private RunFiles undisturbed;

  @BeforeAll
  void train(@TempDir Path directory) throws IOException {
    runs = directory;
    CommandLineRun.train(runs, "undisturbed", LONGER).succeeded();
    undisturbed = RunFiles.of(runs.resolve("undisturbed"));
    assertEquals(5 + 1 + 40, undisturbed.metrics().size());
  }

  private Process start(String name, boolean resume) throws IOException {
    List<String> arguments = new ArrayList<>(List.of(CommandLineRun.arguments(runs, name, LONGER)));
    if (resume) {
      arguments.add("--resume");
    }
    return CommandLineRun.start(
        runs.resolve(name + ".log"), List.of(), arguments.toArray(String[]::new));
  }

  private long lines(String name) throws IOException {
    Path metrics = runs.resolve(name).resolve("metrics.jsonl");
    return Files.exists(metrics)
        ? Files.readString(metrics).chars().filter(c -> c == '\n').count()
        : 0;
  }

  /** Waits until so many lines are there, a random moment more, or the end. */
  private void waitFor(Process process, String name, long lines, Random random) throws Exception {
    while (process.isAlive() && lines(name) < lines) {
      Thread.sleep(2);
    }
    TimeUnit.MICROSECONDS.sleep(random.nextInt(80_000));
  }

  /** Waits until a checkpoint is half-written, after some others were, or for the end. */
  private void waitForSaving(Process process, String name, Random random) throws Exception {
    int others = random.nextInt(4);
    String last = "";
    while (process.isAlive()) {
      String partial = partial(runs.resolve(name).resolve("checkpoints"));
      if (!partial.isEmpty() && !partial.equals(last)) {
        last = partial;
        if (others-- == 0) {
          TimeUnit.MICROSECONDS.sleep(random.nextInt(3_000));
          return;
        }
      }
      Thread.sleep(1);
    }
  }

  private static String partial(Path checkpoints) throws IOException {
    if (!Files.isDirectory(checkpoints)) {
      return "";
    }
    try (Stream<Path> paths = Files.list(checkpoints)) {
      return paths
          .map(path -> path.getFileName().toString())
          .filter(name -> name.endsWith(".partial"))
          .findAny()
          .orElse("");
    }
  }

  /** Kills a run at random moments until it is done all the same; returns how often. */
  private int survive(String name, int kills, Random random) throws Exception {
    int killed = 0;
    boolean resume = false;
    while (true) {
      Process process = start(name, resume);
      if (killed < kills) {
        if (killed % 2 == 0) {
          waitForSaving(process, name, random);
        } else {
          waitFor(process, name, lines(name) + random.nextInt(1, 12), random);
        }
        if (process.isAlive()) {
          process.destroyForcibly().waitFor();
          killed++;
          // Killed before it began, there is nothing to go on from: the same command again.
          resume = Files.exists(runs.resolve(name).resolve("config.yaml"));
          continue;
        }
      }
      assertTrue(process.waitFor(5, TimeUnit.MINUTES), "hangs: " + log(name));
      assertEquals(0, process.exitValue(), log(name));
      assertEquals(undisturbed, RunFiles.of(runs.resolve(name)));
      assertEquals("done", RunFiles.summary(runs.resolve(name)).get("status").asText());
      return killed;
    }
  }

  private String log(String name) throws IOException {
    return Files.readString(runs.resolve(name + ".log"));
  }

  private static void signal(Process process, String name) throws Exception {
    new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
  }

  @Test
  void killedTwice() throws Exception {
    assertTrue(survive("killed", 2, new Random()) > 0, "never killed");
  }

  @Test
  @Tag("long")
  void tenRunsKilledOverAndOver() throws Exception {
    int kills = 0;
    for (int i = 0; i < 10; i++) {
      kills += survive("killed-" + i, 5, new Random(i));
    }
    assertTrue(kills >= 30, "only " + kills + " kills");
  }

  @Test
  void endedWithASignal() throws Exception {
    for (String signal : List.of("TERM", "USR1")) {
      String name = "signal-" + signal.toLowerCase();
      Process process = start(name, false);
      waitFor(process, name, 8, new Random(1));
      signal(process, "STOP");
      CommandLineRun second = CommandLineRun.train(runs, name, "--resume", LONGER[0], LONGER[1]);
      assertTrue(second.refused(2).contains("written by process " + process.pid()), second.err());
      signal(process, signal);
      signal(process, "CONT");
      assertTrue(process.waitFor(2, TimeUnit.MINUTES), "hangs: " + log(name));
      assertEquals(130, process.exitValue(), log(name));
      assertEquals("interrupted", RunFiles.summary(runs.resolve(name)).get("status").asText());
      assertTrue(log(name).contains("--resume"), log(name));
      CommandLineRun.train(runs, name, "--resume", LONGER[0], LONGER[1]).succeeded();
      assertEquals(undisturbed, RunFiles.of(runs.resolve(name)));
    }
  }
}
