package io.whetstone.rewards;

import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How often each reward found what.
 *
 * @param byReward by the reward's name, in the configuration's order; every outcome is there, with
 *     0 where it did not occur
 */
public record OutcomeCounts(Map<String, Map<Outcome, Long>> byReward) {

  public OutcomeCounts {
    Map<String, Map<Outcome, Long>> copy = new LinkedHashMap<>();
    byReward.forEach((name, counts) -> copy.put(name, Collections.unmodifiableMap(all(counts))));
    byReward = Collections.unmodifiableMap(copy);
  }

  private static Map<Outcome, Long> all(Map<Outcome, Long> counts) {
    Map<Outcome, Long> all = new EnumMap<>(Outcome.class);
    for (Outcome outcome : Outcome.values()) {
      all.put(outcome, counts.getOrDefault(outcome, 0L));
    }
    return all;
  }

  /** Counts the scores of some groups; empty where there are none. */
  public static OutcomeCounts of(List<ScoredGroup> groups) {
    Map<String, Map<Outcome, Long>> byReward = new LinkedHashMap<>();
    for (ScoredGroup group : groups) {
      group
          .scores()
          .forEach(
              (name, scores) -> {
                Map<Outcome, Long> counts =
                    byReward.computeIfAbsent(name, n -> new EnumMap<>(Outcome.class));
                scores.forEach(score -> counts.merge(score.outcome(), 1L, Long::sum));
              });
    }
    return new OutcomeCounts(byReward);
  }

  /** How often a reward found this; 0 for a reward that is not there. */
  public long count(String reward, Outcome outcome) {
    return byReward.getOrDefault(reward, Map.of()).getOrDefault(outcome, 0L);
  }
}
