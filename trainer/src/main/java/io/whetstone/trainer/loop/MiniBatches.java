package io.whetstone.trainer.loop;

import io.whetstone.trainer.rollout.TrainingSample;
import java.util.ArrayList;
import java.util.List;

/** Cuts a step's samples into mini-batches, an optimizer step each. */
final class MiniBatches {
  private MiniBatches() {}

  /**
   * Ranges {@code [from, to)} of about equally many groups; groups stay whole, so that their
   * prompts are computed once. Fewer ranges where there are fewer groups.
   */
  static List<int[]> split(List<TrainingSample> samples, int parts) {
    List<Integer> groupStarts = new ArrayList<>();
    for (int s = 0; s < samples.size(); s++) {
      if (s == 0 || samples.get(s).group() != samples.get(s - 1).group()) {
        groupStarts.add(s);
      }
    }
    int groups = groupStarts.size();
    int count = Math.min(parts, groups);
    groupStarts.add(samples.size());
    List<int[]> ranges = new ArrayList<>();
    for (int part = 0; part < count; part++) {
      int from = groupStarts.get((int) ((long) groups * part / count));
      int to = groupStarts.get((int) ((long) groups * (part + 1) / count));
      ranges.add(new int[] {from, to});
    }
    return ranges;
  }
}
