package io.whetstone.rewards.plugin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.datasets.Task;
import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.Group;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardCatalog;
import io.whetstone.rewards.Score;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JavaFileRewardTest {

  private static final Group GROUP =
      new Group(Task.of("t", "p", "2"), "", List.of(Candidate.of("2"), Candidate.of("33")));

  @TempDir Path work;

  private Reward make(String source, Map<String, Object> more) throws IOException {
    Path file = Files.writeString(work.resolve("Mine.java"), source);
    Map<String, Object> settings = new HashMap<>(more);
    settings.put("java", file.toString());
    return RewardCatalog.ofClassPath().create("mine", "java", settings);
  }

  @Test
  void aFunctionOfOneCompletion() throws Exception {
    String source =
        """
        import io.whetstone.datasets.Task;
        import io.whetstone.rewards.*;

        class Mine implements Reward.OfCandidate {
          record Found(int length) {}

          public Score score(Task task, Candidate candidate) {
            return Score.scored(new Found(candidate.text().length()).length());
          }
        }
        """;
    Reward reward = make(source, Map.of());
    assertEquals(List.of(Score.scored(1), Score.scored(2)), reward.score(GROUP));
    assertEquals(
        "mine.least: is not known; a class that has settings implements RewardProvider",
        assertThrows(IllegalArgumentException.class, () -> make(source, Map.of("least", 1)))
            .getMessage());
  }

  @Test
  void aProviderWithSettingsInAPackage() throws Exception {
    String source =
        """
        package my.rewards;

        import io.whetstone.datasets.settings.*;
        import io.whetstone.rewards.*;
        import java.util.Map;

        public class Mine implements RewardProvider {
          public record MineSettings(@Default(value = "2", source = "a guess") int times) {}

          public String name() {
            return "mine";
          }

          public Reward create(Map<String, Object> settings) {
            int times = Settings.read(settings, MineSettings.class, "").times();
            return Reward.each((task, c) -> Score.scored(times * c.text().length()));
          }
        }
        """;
    assertEquals(
        List.of(Score.scored(3), Score.scored(6)), make(source, Map.of("times", 3)).score(GROUP));
    assertEquals(
        "mine.time: is not known; did you mean times? known: times",
        assertThrows(IllegalArgumentException.class, () -> make(source, Map.of("time", 3)))
            .getMessage());
  }

  @Test
  void whatIsWrongIsSaidWithItsLine() {
    assertRefused("Mine.java:3: incompatible types", "class Mine {\n  int a =\n    \"x\";\n}");
    assertRefused("Mine.java:1: cannot find symbol", "class Mine extends Thing {}");
    assertRefused("has no class Mine, only [Other]", "class Other {}");
    assertRefused("Mine implements none of Reward.OfCandidate", "class Mine {}");
    assertRefused("has no constructor without", "class Mine { Mine(int a) {} }");
    assertRefused(
        "the constructor failed: java.lang.IllegalStateException: no",
        "class Mine { Mine() { throw new IllegalStateException(\"no\"); } }");
    String missing =
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    RewardCatalog.ofClassPath()
                        .create("mine", "java", Map.of("java", "Absent.java")))
            .getMessage();
    assertEquals("mine.java: Absent.java: there is no such file", missing);
  }

  private void assertRefused(String part, String source) {
    String message =
        assertThrows(IllegalArgumentException.class, () -> make(source, Map.of())).getMessage();
    assertTrue(message.startsWith("mine.java: ") && message.contains(part), message);
  }
}
