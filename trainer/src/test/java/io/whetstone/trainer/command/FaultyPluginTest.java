package io.whetstone.trainer.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** A plugin that throws, hangs or returns NaN: counted, shown, never a 0. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FaultyPluginTest {
  private static final String SOURCE =
      """
      package faulty;

      import io.whetstone.rewards.*;
      import java.util.*;
      import java.util.concurrent.atomic.AtomicBoolean;

      public final class Faulty implements RewardProvider {
        public String name() { return "faulty"; }

        public Reward create(Map<String, Object> settings) {
          String how = String.valueOf(settings.get("how"));
          if (how.equals("throws-once")) {
            AtomicBoolean thrown = new AtomicBoolean();
            return Reward.each((task, candidate) -> {
              if (thrown.compareAndSet(false, true)) {
                throw new IllegalStateException("out of order");
              }
              return Score.scored(candidate.text().length());
            });
          }
          return group -> switch (how) {
            case "throws" -> throw new IllegalStateException("out of order");
            case "hangs" -> { Thread.sleep(60_000); yield null; }
            default -> group.candidates().stream().map(c -> Score.scored(Double.NaN)).toList();
          };
        }
      }
      """;

  private Path directory;

  @BeforeAll
  void build(@TempDir Path temporary) throws IOException {
    directory = temporary;
    Path source = Files.writeString(temporary.resolve("Faulty.java"), SOURCE);
    int failed =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                null,
                null,
                "-cp",
                System.getProperty("java.class.path"),
                "-d",
                temporary.resolve("classes").toString(),
                source.toString());
    assertEquals(0, failed);
    Files.createDirectory(temporary.resolve("plugins"));
    try (OutputStream file = Files.newOutputStream(temporary.resolve("plugins/faulty.jar"));
        JarOutputStream jar = new JarOutputStream(file)) {
      jar.putNextEntry(new JarEntry("faulty/Faulty.class"));
      jar.write(Files.readAllBytes(temporary.resolve("classes/faulty/Faulty.class")));
      jar.putNextEntry(new JarEntry("META-INF/services/io.whetstone.rewards.RewardProvider"));
      jar.write("faulty.Faulty\n".getBytes(StandardCharsets.UTF_8));
    }
  }

  private CommandLineRun train(String name, String how, double weight, String... more) {
    List<String> options =
        new ArrayList<>(
            List.of(
                "--set",
                "grpo.reward-plugins=" + directory.resolve("plugins"),
                "--set",
                "grpo.steps=2",
                "--set",
                "grpo.rewards=[accuracy, {format: {mode: soft, weight: 0.2}}, {faulty: {how: "
                    + how
                    + ", weight: "
                    + weight
                    + ", deadline: 100ms}}]"));
    options.addAll(List.of(more));
    return CommandLineRun.train(directory.resolve("runs"), name, options.toArray(String[]::new));
  }

  private double counted(String name, String outcome) throws IOException {
    return RunFiles.values(directory.resolve("runs").resolve(name), "reward/faulty/" + outcome)
        .stream()
        .mapToDouble(v -> v)
        .sum();
  }

  @Test
  void aRunThatNeedsItStopsAndSaysWhy() throws IOException {
    for (String how : new String[] {"throws", "hangs", "nan"}) {
      String name = "needs-" + how;
      String message = train(name, how, 0.5).refused(1);
      assertTrue(message.contains("faulty"), message);
      assertTrue(
          message.contains(how.equals("hangs") ? "timeout" : how.equals("nan") ? "NaN" : "order"),
          message);
      Path run = directory.resolve("runs").resolve(name);
      assertEquals("failed", RunFiles.summary(run).get("status").asText());
      assertTrue(Files.exists(run.resolve("checkpoints/step-5")), "the first stage is not lost");
    }
  }

  @Test
  void aFailureBelowTheLimitStaysOutOfTheLossAndTheRunGoesOn() throws IOException {
    train("once", "throws-once", 0.5, "--set", "grpo.tasks-per-step=8").succeeded();
    assertEquals(1, counted("once", "error"));
    List<JsonNode> failed =
        RunFiles.completions(directory.resolve("runs").resolve("once")).stream()
            .filter(line -> line.get("outcomes").get("faulty").asText().equals("error"))
            .toList();
    assertEquals(1, failed.size());
    JsonNode line = failed.getFirst();
    assertTrue(line.get("rewards").get("faulty").isNull(), line.toString());
    assertTrue(line.get("reward").isNull(), line.toString());
    assertTrue(line.get("advantage").isNull(), line.toString());
    line.get("trained").forEach(trained -> assertFalse(trained.asBoolean()));
    assertTrue(line.get("notes").get("faulty").toString().contains("out of order"));
  }

  @Test
  void aRunThatOnlyRecordsItCountsItsFailures() throws IOException {
    for (String how : new String[] {"throws", "hangs", "nan"}) {
      String name = "records-" + how;
      train(name, how, 0).succeeded();
      double completions =
          4
              * RunFiles.values(directory.resolve("runs").resolve(name), "groups/total").stream()
                  .mapToDouble(v -> v)
                  .sum();
      assertEquals(completions, counted(name, how.equals("hangs") ? "timeout" : "error"));
    }
  }
}
