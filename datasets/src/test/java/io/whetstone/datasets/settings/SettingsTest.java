package io.whetstone.datasets.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SettingsTest {

  enum Speed {
    VERY_FAST,
    SLOW
  }

  record Inner(@Default(value = "1", source = "test") int least) {}

  record All(
      int count,
      @Default(value = "5000000000", source = "test") long large,
      @Default(value = "0.5", source = "test") double share,
      @Default(value = "true", source = "test") boolean wanted,
      @Default(value = "\"very-fast\"", source = "test") Speed howFast,
      @Default(value = "\"10s\"", source = "test") Duration deadline,
      @Default(value = "[\"a\"]", source = "test") List<String> names,
      @Default(value = "{}", source = "test") Inner inner,
      @Default(value = "{\"x\": 1}", source = "test") Map<String, Object> rest,
      Optional<Path> file,
      Optional<Integer> most) {}

  @Test
  void defaultsFillWhatIsLeftOut() {
    assertEquals(
        new All(
            3,
            5_000_000_000L,
            0.5,
            true,
            Speed.VERY_FAST,
            Duration.ofSeconds(10),
            List.of("a"),
            new Inner(1),
            Map.of("x", 1),
            Optional.empty(),
            Optional.empty()),
        Settings.read(Map.of("count", 3), All.class, ""));
  }

  @Test
  void whatIsGivenIsTaken() {
    All all =
        Settings.read(
            Map.of(
                "count",
                3.0,
                "share",
                1,
                "how-fast",
                "slow",
                "deadline",
                "1.5m",
                "inner",
                Map.of("least", 9),
                "file",
                "a/b",
                "most",
                4),
            All.class,
            "");
    assertEquals(3, all.count());
    assertEquals(1.0, all.share());
    assertEquals(Speed.SLOW, all.howFast());
    assertEquals(Duration.ofSeconds(90), all.deadline());
    assertEquals(new Inner(9), all.inner());
    assertEquals(Optional.of(Path.of("a/b")), all.file());
    assertEquals(Optional.of(4), all.most());
  }

  @Test
  void whatDoesNotFitIsNamedByItsPath() {
    assertComplaint("x.count: is missing; expected a whole number", Map.of());
    assertComplaint("x.count: 3.5 is not a whole number", Map.of("count", 3.5));
    assertComplaint("x.count: 5000000000 is not a whole number", Map.of("count", 5_000_000_000L));
    assertComplaint("x.count: \"3\" is not a whole number", Map.of("count", "3"));
    assertComplaint("x.wanted: 1 is not true or false", Map.of("count", 1, "wanted", 1));
    assertComplaint(
        "x.deadline: \"soon\" is not a duration such as 10s, 500ms or 2m",
        Map.of("count", 1, "deadline", "soon"));
    assertComplaint("x.names: \"a\" is not a list", Map.of("count", 1, "names", "a"));
    assertComplaint("x.names[1]: 2 is not text", Map.of("count", 1, "names", List.of("a", 2)));
    assertComplaint(
        "x.inner.last: is not known; did you mean least? known: least",
        Map.of("count", 1, "inner", Map.of("last", 1)));
    assertComplaint("x.inner: 4 is not a value for inner", Map.of("count", 1, "inner", 4));
    assertComplaint(
        "x.how-fast: \"fast\" is not known; known: slow, very-fast",
        Map.of("count", 1, "how-fast", "fast"));
  }

  private static void assertComplaint(String message, Map<String, Object> settings) {
    assertEquals(
        message,
        assertThrows(IllegalArgumentException.class, () -> Settings.read(settings, All.class, "x"))
            .getMessage());
  }

  @Test
  void distanceIsLevenshteins() {
    assertEquals(3, Names.distance("kitten", "sitting"));
    assertEquals(0, Names.distance("Weight", "weight"));
    assertEquals(3, Names.distance("", "abc"));
    assertEquals("stop-early", Names.kebab("stopEarly"));
    assertEquals("very-fast", Names.kebab("VERY_FAST"));
    assertEquals("prm800k", Names.kebab("PRM800K"));
  }
}
