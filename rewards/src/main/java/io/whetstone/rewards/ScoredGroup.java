package io.whetstone.rewards;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * A group with every reward's scores kept apart, and their weighted total.
 *
 * <p>A candidate's total is {@code sum over rewards of weight × value}, each value first treated as
 * the reward's {@link Terms} say. It is absent where a reward with a weight other than 0 failed
 * ({@link Score#failed}) or its gate's reward did, for the total is then unknown, and where no
 * reward has a value. A reward that is not applicable adds nothing.
 *
 * @param scores by the reward's name, in the configuration's order; a score a candidate
 * @param totals one a candidate
 */
public record ScoredGroup(
    Group group, Map<String, List<Score>> scores, List<OptionalDouble> totals) {

  public ScoredGroup {
    scores = Collections.unmodifiableMap(new LinkedHashMap<>(scores));
    totals = List.copyOf(totals);
    if (totals.size() != group.candidates().size()) {
      throw new IllegalArgumentException(
          "totals: "
              + totals.size()
              + " is not the number of candidates, "
              + group.candidates().size());
    }
  }

  /** How many candidates have a total. */
  public int present() {
    return (int) totals.stream().filter(OptionalDouble::isPresent).count();
  }

  /** What the reward said of a candidate. */
  public Score score(String reward, int candidate) {
    return scores.get(reward).get(candidate);
  }
}
