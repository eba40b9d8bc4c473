package io.whetstone.rewards;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * How many absent values a step of training bears: more than the allowed share of failed scores
 * stops the run, since a broken reward is no basis for learning.
 *
 * @param share the share of candidates without a total that a step may have, in [0, 1]
 */
public record AbsenceLimit(double share) {

  /** 5 %, as the architecture has it. */
  public static final AbsenceLimit DEFAULT = new AbsenceLimit(0.05);

  public AbsenceLimit {
    if (!(share >= 0 && share <= 1)) {
      throw new IllegalArgumentException("absence-limit: " + share + " is not in [0, 1]");
    }
  }

  /**
   * Fails where the step's rewards failed too often.
   *
   * @throws TooManyAbsentException if too many candidates of the step lost their total to a failed
   *     reward; candidates to which no reward applies do not count
   */
  public void require(List<ScoredGroup> step) {
    long candidates = 0;
    long failed = 0;
    Map<String, Integer> byNote = new TreeMap<>();
    for (ScoredGroup group : step) {
      for (int c = 0; c < group.totals().size(); c++) {
        candidates++;
        boolean lost = false;
        for (Map.Entry<String, List<Score>> reward : group.scores().entrySet()) {
          Score score = reward.getValue().get(c);
          if (score.failed() && group.totals().get(c).isEmpty()) {
            lost = true;
            byNote.merge(
                reward.getKey() + " " + score.outcome().text() + " " + reason(score),
                1,
                Integer::sum);
          }
        }
        failed += lost ? 1 : 0;
      }
    }
    if (failed > share * candidates) {
      throw new TooManyAbsentException(failed, candidates, share, byNote);
    }
  }

  /** Of the notes the one that says why: others, such as what it cost, tell equal reasons apart. */
  private static Map<String, String> reason(Score score) {
    String key = score.outcome().text();
    String why = score.notes().get(key);
    return why == null ? score.notes() : Map.of(key, why);
  }
}
