package io.whetstone.trainer.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
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

      public final class Faulty implements RewardProvider {
        public String name() { return "faulty"; }

        public Reward create(Map<String, Object> settings) {
          String how = String.valueOf(settings.get("how"));
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

  private CommandLineRun train(String name, String how, double weight) {
    return CommandLineRun.train(
        directory.resolve("runs"),
        name,
        "--set",
        "grpo.reward-plugins=" + directory.resolve("plugins"),
        "--set",
        "grpo.steps=2",
        "--set",
        "grpo.rewards=[accuracy, {format: {mode: soft, weight: 0.2}}, {faulty: {how: "
            + how
            + ", weight: "
            + weight
            + ", deadline: 100ms}}]");
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
