package io.whetstone.rewards;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.whetstone.datasets.Task;
import io.whetstone.datasets.settings.Settings;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class CompositionTest {

  /** A reward that reads its value from the text: numbers, "error", "none". */
  private static Reward word(int index) {
    return Reward.each(
        (task, candidate) ->
            switch (candidate.text().split(" ")[index]) {
              case "error" -> Score.error("broken");
              case "none" -> Score.notApplicable();
              case String number -> Score.scored(Double.parseDouble(number));
            });
  }

  private static Terms terms(Map<String, Object> settings) {
    return Settings.read(settings, Terms.class, "");
  }

  private static WeightedReward reward(String name, int index, Map<String, Object> terms) {
    return new WeightedReward(name, word(index), terms(terms), Optional.empty());
  }

  private static Group group(String... texts) {
    return new Group(Task.of("t", "p", "a"), "", Arrays.stream(texts).map(Candidate::of).toList());
  }

  private static List<ScoredGroup> score(long step, List<Group> groups, WeightedReward... rewards)
      throws InterruptedException {
    try (RewardPipeline pipeline = new RewardPipeline(List.of(rewards), 2)) {
      return pipeline.score(groups, step);
    }
  }

  private static List<Object> totals(List<ScoredGroup> scored) {
    List<Object> totals = new ArrayList<>();
    for (ScoredGroup group : scored) {
      for (OptionalDouble total : group.totals()) {
        totals.add(total.isPresent() ? Math.round(total.getAsDouble() * 1e4) / 1e4 : "none");
      }
    }
    return totals;
  }

  @Test
  void aGateLetsAValueCountOnlyWhereTheOtherHolds() throws Exception {
    WeightedReward format = reward("format", 0, Map.of("weight", 0.1));
    WeightedReward accuracy = reward("accuracy", 1, Map.of("gate", "format"));
    List<ScoredGroup> scored =
        score(0, List.of(group("1 1", "0 1", "1 0", "none 1", "error 1")), format, accuracy);
    assertEquals(List.of(1.1, 0.0, 0.1, 1.0, "none"), totals(scored));
    Score closed = scored.getFirst().score("accuracy", 1);
    assertEquals(OptionalDouble.of(1), closed.value(), "the part itself is recorded as it was");
    assertEquals("closed: counts as 0", closed.notes().get("gate"));
  }

  @Test
  void aGateMayNameSeveralWithTheirLeastValues() throws Exception {
    WeightedReward gated = reward("c", 2, Map.of("gate", Map.of("a", 0.5, "b", 1)));
    List<ScoredGroup> scored =
        score(
            0,
            List.of(group("0.5 1 3", "0.4 1 3", "0.5 0.9 3", "error 0 3")),
            reward("a", 0, Map.of("weight", 0)),
            reward("b", 1, Map.of("weight", 0)),
            gated);
    assertEquals(List.of(3.0, 0.0, 0.0, 0.0), totals(scored));
    assertEquals(
        "c.gate: \"d\" is not known; did you mean a? known: a, b",
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    score(
                        0,
                        List.of(),
                        reward("a", 0, Map.of()),
                        reward("b", 0, Map.of()),
                        reward("c", 0, Map.of("gate", List.of("d")))))
            .getMessage());
  }

  @Test
  void weightsChangeWithTheStep() throws Exception {
    WeightedReward staged =
        reward("a", 0, Map.of("weight", List.of(List.of(10, 1), List.of(20, 0), List.of(30, -1))));
    List<Object> seen = new ArrayList<>();
    for (long step : new long[] {0, 10, 15, 20, 25, 30, 1000}) {
      seen.addAll(totals(score(step, List.of(group("2")), staged)));
    }
    // At step 20 the weight is 0: nothing counts, so that there is no total.
    assertEquals(List.of(2.0, 2.0, 1.0, "none", -1.0, -2.0, -2.0), seen);
  }

  @Test
  void impossibleTermsAreRefused() {
    assertRefused("weight: [20.0] is not a pair", Map.of("weight", List.of(List.of(20))));
    assertRefused(
        "weight: step 5 does not come after 5",
        Map.of("weight", List.of(List.of(5, 1), List.of(5, 2))));
    assertRefused("weight: [] is not a weight", Map.of("weight", List.of()));
    assertRefused("clip: [1.0, 0.0] is not [low, high]", Map.of("clip", List.of(1, 0)));
    assertRefused("normalize: \"grp\" is not known", Map.of("normalize", "grp"));
    assertRefused("cache: -1 is not 0 or more", Map.of("cache", -1));
    assertRefused("gate: names no reward", Map.of("gate", List.of()));
  }

  private static void assertRefused(String message, Map<String, Object> settings) {
    String got = assertThrows(IllegalArgumentException.class, () -> terms(settings)).getMessage();
    assertEquals(message, got.substring(0, Math.min(message.length(), got.length())));
  }

  @Test
  void valuesAreHeldWithinBounds() throws Exception {
    WeightedReward clipped = reward("a", 0, Map.of("clip", List.of(-1, 2), "weight", 0.5));
    assertEquals(
        List.of(1.0, -0.5, 0.5), totals(score(0, List.of(group("7", "-7", "1")), clipped)));
  }

  @Test
  void normalizationIsOverTheGroupOrTheBatch() throws Exception {
    List<Group> groups = List.of(group("1", "3", "none"), group("5", "error", "7"));
    WeightedReward byGroup = reward("a", 0, Map.of("normalize", "group"));
    assertEquals(
        List.of(-0.7071, 0.7071, "none", -0.7071, "none", 0.7071),
        totals(score(0, groups, byGroup)));
    WeightedReward byBatch = reward("a", 0, Map.of("normalize", "batch"));
    // mean 4, deviation sqrt((9+1+1+9)/3) = 2.58199
    assertEquals(
        List.of(-1.1619, -0.3873, "none", 0.3873, "none", 1.1619),
        totals(score(0, groups, byBatch)));
    assertEquals(List.of(0.0, 0.0), totals(score(0, List.of(group("4", "4")), byGroup)));
    assertEquals(List.of(0.0), totals(score(0, List.of(group("4")), byGroup)));
  }

  @Test
  void aCompletionIsScoredOnceWhereItsScoreIsRemembered() throws Exception {
    AtomicInteger calls = new AtomicInteger();
    Reward counting =
        Reward.each(
            (task, candidate) ->
                calls.incrementAndGet() == 1 && candidate.text().equals("b")
                    ? Score.error("the first fails")
                    : Score.scored(candidate.text().length()));
    WeightedReward cached =
        new WeightedReward("a", counting, terms(Map.of("cache", 2)), Optional.empty());
    try (RewardPipeline pipeline = new RewardPipeline(List.of(cached), 1)) {
      assertEquals(List.of("none"), totals(pipeline.score(List.of(group("b")))));
      assertEquals(List.of(1.0, 1.0, 2.0), totals(pipeline.score(List.of(group("b", "b", "cc")))));
      assertEquals(3, calls.get(), "an error is tried again, a twin is not");
      assertEquals(List.of(1.0, 2.0), totals(pipeline.score(List.of(group("b", "cc")))));
      assertEquals(3, calls.get());
      pipeline.score(List.of(group("ddd", "eeee")));
      assertEquals(List.of(1.0), totals(pipeline.score(List.of(group("b")))));
      assertEquals(6, calls.get(), "only the last two are remembered");
    }
  }

  @Test
  void aRewardThatComparesCannotBeRemembered() {
    Reward comparing =
        new Reward() {
          @Override
          public List<Score> score(Group group) {
            return List.of();
          }

          @Override
          public boolean comparesCandidates() {
            return true;
          }
        };
    assertEquals(
        "a.cache: the reward compares a group's completions, so that one completion's score cannot"
            + " be remembered; expected 0",
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    new WeightedReward("a", comparing, terms(Map.of("cache", 1)), Optional.empty()))
            .getMessage());
  }
}
