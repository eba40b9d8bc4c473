package io.whetstone.rewards;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.datasets.Task;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RewardCatalogTest {

  @TempDir Path work;

  private static final Group GROUP =
      new Group(
          Task.of("t", "37+58+12=?", "107"),
          "",
          List.of(
              Candidate.of("<think>37+58=95;95+12=107</think><answer>107</answer>"),
              Candidate.of("<think>37+58=95;95+12=117</think><answer>117</answer>"),
              Candidate.of("<answer>107</answer>")));

  @Test
  void theExampleProjectIsBuiltLoadedAndRun() throws Exception {
    try (RewardCatalog catalog = RewardCatalog.of(PluginJar.ofExample(work))) {
      assertTrue(catalog.names().containsAll(List.of("accuracy", "right-steps", "shortest-right")));
      Reward steps = catalog.create("right-steps", Map.of("least", 2));
      assertEquals(
          List.of(
              Score.scored(1).withNote("equations", "2 of 2"),
              Score.scored(0.5).withNote("equations", "1 of 2"),
              Score.unparseable().withNote("equations", "0")),
          steps.score(GROUP));
      assertEquals(
          List.of(Score.wrong(), Score.wrong(), Score.correct()),
          catalog.create("shortest-right", Map.of()).score(GROUP));
    }
  }

  @Test
  void settingsOfThePluginAreCheckedByName() throws Exception {
    try (RewardCatalog catalog = RewardCatalog.of(PluginJar.ofExample(work))) {
      assertEquals(
          "right-steps.lest: is not known; did you mean least? known: least",
          complaint(catalog, "right-steps", Map.of("lest", 2)));
      assertEquals(
          "right-steps.least: 0 is not 1 or more",
          complaint(catalog, "right-steps", Map.of("least", 0)));
      String unknown = complaint(catalog, "right-step", Map.of());
      assertTrue(
          unknown.startsWith(
              "reward \"right-step\" is not known; did you mean right-steps? known: accuracy, "),
          unknown);
    }
  }

  private static String complaint(
      RewardCatalog catalog, String name, Map<String, Object> settings) {
    return assertThrows(IllegalArgumentException.class, () -> catalog.create(name, settings))
        .getMessage();
  }

  @Test
  void aPluginSeesItsOwnResources() throws Exception {
    Path directory =
        PluginJar.of(
            work,
            plugin(
                "seeing",
                """
                return Reward.each((task, candidate) -> {
                  String name = "META-INF/services/io.whetstone.rewards.RewardProvider";
                  long own = Thread.currentThread().getContextClassLoader().resources(name).count();
                  return own == 2 ? Score.correct() : Score.wrong();
                });
                """));
    try (RewardCatalog catalog = RewardCatalog.of(directory);
        RewardPipeline pipeline =
            new RewardPipeline(
                List.of(new WeightedReward("seeing", catalog.create("seeing", Map.of()), 1)), 2)) {
      assertEquals(3, pipeline.score(List.of(GROUP)).getFirst().present());
      assertEquals(
          Outcome.CORRECT, pipeline.score(List.of(GROUP)).getFirst().score("seeing", 0).outcome());
    }
  }

  @Test
  void brokenPluginsAreOneClearMessage() throws Exception {
    assertMessage(work.resolve("none"), "none: is not a directory");
    assertMessage(Files.createDirectory(work.resolve("empty")), "empty: holds no jar");

    Path cut = Files.createDirectory(work.resolve("cut"));
    byte[] jar = Files.readAllBytes(PluginJar.ofExample(work.resolve("a")).resolve("example.jar"));
    Files.write(cut.resolve("example.jar"), Arrays.copyOf(jar, jar.length / 2));
    assertMessage(cut, "example.jar: is not a readable jar");

    Path twice = PluginJar.of(work.resolve("b"), plugin("format", "return null;"));
    assertMessage(twice, "reward \"format\": is provided by both");

    Path unnamed = PluginJar.of(work.resolve("c"), plugin("Not Kebab", "return null;"));
    assertMessage(unnamed, "broken.Plugin in", "name: Not Kebab is not kebab-case");

    Path throwing =
        PluginJar.of(
            work.resolve("d"),
            plugin("throwing", "return null;")
                .replace(
                    "public String name",
                    "public Plugin() { throw new IllegalStateException(\"no licence\"); }\n"
                        + "public String name"));
    assertMessage(throwing, "broken.Plugin", "no licence");

    Path missing = PluginJar.of(work.resolve("e"), plugin("missing", "return null;"));
    Path service = work.resolve("e/resources/META-INF/services");
    Files.writeString(service.resolve(RewardProvider.class.getName()), "broken.Absent\n");
    try (var files = FileSystems.newFileSystem(missing.resolve("broken.jar"))) {
      Files.writeString(
          files.getPath("META-INF/services/" + RewardProvider.class.getName()), "broken.Absent\n");
    }
    assertMessage(missing, "broken.Absent not found");
  }

  @Test
  void aProviderThatFailsIsNamed() throws Exception {
    try (RewardCatalog catalog =
        RewardCatalog.of(PluginJar.of(work, plugin("nothing", "return null;")))) {
      RewardPluginException nothing =
          assertThrows(RewardPluginException.class, () -> catalog.create("nothing", Map.of()));
      assertTrue(nothing.getMessage().contains("broken.Plugin"), nothing.getMessage());
      assertTrue(nothing.getMessage().endsWith("made null; expected a reward"));
    }
    try (RewardCatalog catalog =
        RewardCatalog.of(
            PluginJar.of(
                work.resolve("x"),
                plugin("failing", "throw new IllegalStateException(\"no licence\");")))) {
      RewardPluginException failing =
          assertThrows(RewardPluginException.class, () -> catalog.create("failing", Map.of()));
      assertTrue(failing.getMessage().contains("no licence"), failing.getMessage());
    }
  }

  @Test
  void withoutDirectoryThereAreTheBuiltInOnes() throws Exception {
    try (RewardCatalog catalog = RewardCatalog.of(Optional.empty())) {
      assertTrue(catalog.names().containsAll(List.of("accuracy", "format", "length")));
      assertFalse(catalog.names().contains("right-steps"));
    }
  }

  private static void assertMessage(Path directory, String... parts) {
    String message =
        assertThrows(RewardPluginException.class, () -> RewardCatalog.of(directory)).getMessage();
    for (String part : parts) {
      assertTrue(message.contains(part), message);
    }
  }

  private static String plugin(String name, String create) {
    return """
    package broken;

    import io.whetstone.rewards.Reward;
    import io.whetstone.rewards.RewardProvider;
    import io.whetstone.rewards.Score;

    public final class Plugin implements RewardProvider {
      public String name() {
        return "%s";
      }

      public Reward create(java.util.Map<String, Object> settings) {
        %s
      }
    }
    """
        .formatted(name, create);
  }
}
