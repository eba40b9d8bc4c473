package io.whetstone.trainer.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.whetstone.rewards.RewardCatalog;
import io.whetstone.rewards.Terms;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RewardListTest {

  @Test
  void aProgramBesideTheFileIsFoundHoweverItIsWritten(@TempDir Path directory) throws IOException {
    String script = Files.writeString(directory.resolve("mine.py"), "").toString();
    for (String command : new String[] {"[python3, mine.py, a b]", "python3  mine.py 'a b'"}) {
      Path file =
          Files.writeString(directory.resolve("r.yaml"), "- mine: {command: " + command + "}");
      List<String> rest = command.startsWith("[") ? List.of("a b") : List.of("'a", "b'");
      Object words =
          RewardList.load(file).orElseThrow().rewards().getFirst().command().orElseThrow();
      assertEquals(List.of("python3", script), ((List<?>) words).subList(0, 2));
      assertEquals(rest, ((List<?>) words).subList(2, ((List<?>) words).size()));
    }
    Path alone = Files.writeString(directory.resolve("r.yaml"), "- mine: {command: mine.py}");
    assertEquals(
        Optional.of(List.of(script)),
        RewardList.load(alone).orElseThrow().rewards().getFirst().command());
  }

  @Test
  void aModelBesideTheFileIsFound(@TempDir Path directory) throws IOException {
    Path model = Files.createDirectory(directory.resolve("judge-model"));
    Path file =
        Files.writeString(
            directory.resolve("r.yaml"),
            "- judge: {template-file: mine.txt, model: {path: judge-model}}");
    var settings = RewardList.load(file).orElseThrow().rewards().getFirst().settings();
    assertEquals(Map.of("path", model.toString()), settings.get("model"));
    assertEquals("mine.txt", settings.get("template-file"));
  }

  /** So that a run that goes on from elsewhere finds the answers that it remembered. */
  @Test
  void aDirectoryIsWrittenInFullBeforeItIsMade(@TempDir Path directory) throws IOException {
    Path file =
        Files.writeString(
            directory.resolve("r.yaml"),
            "- judge: {endpoint: {url: 'http://localhost/v1', cache: {directory: answers}}}");
    var settings = RewardList.load(file).orElseThrow().rewards().getFirst().settings();
    assertEquals(
        Map.of("directory", Path.of("answers").toAbsolutePath().toString()),
        ((Map<?, ?>) settings.get("endpoint")).get("cache"));
  }

  @Test
  void evaluationTakesARewardsOwnDefaultsWhereItHasAny() {
    List<RewardEntry> rewards =
        RewardList.parse(
                "[{accuracy: {require-format: true, gate: format}}, format, {judge: {kind: verify,"
                    + " gate: format, endpoint: {url: 'http://localhost/v1', model: m}}}]")
            .rewards();
    try (RewardCatalog catalog = RewardCatalog.ofClassPath()) {
      assertEquals(
          RewardEntry.of("accuracy"), RewardEntry.evaluating("accuracy", rewards, catalog));
      RewardEntry judge = RewardEntry.evaluating("judge", rewards, catalog);
      assertEquals(rewards.getLast().settings(), judge.settings());
      assertEquals(Terms.of(1), judge.terms());
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
