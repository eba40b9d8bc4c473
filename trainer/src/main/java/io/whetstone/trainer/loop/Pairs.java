package io.whetstone.trainer.loop;

import io.whetstone.generation.Completion;
import io.whetstone.trainer.config.Pairing;
import io.whetstone.trainer.rollout.ScoredRollout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Makes pairs of a group's scored completions: which is better, and than which. */
record Pairs(Pairing settings) {

  /** Numbers {better, worse}, the largest difference in reward first. */
  List<int[]> of(ScoredRollout group) {
    double[] rewards = group.rewards();
    int[] ranked =
        IntStream.range(0, rewards.length)
            .filter(i -> !Double.isNaN(rewards[i]))
            .boxed()
            .sorted(Comparator.comparingDouble((Integer i) -> -rewards[i]).thenComparing(i -> i))
            .mapToInt(Integer::intValue)
            .toArray();
    List<int[]> pairs = new ArrayList<>();
    switch (settings.kind()) {
      case BEST_WORST -> {
        for (int i = 0; i < ranked.length / 2; i++) {
          add(ranked[i], ranked[ranked.length - 1 - i], rewards, pairs);
        }
      }
      case ALL -> {
        for (int better : ranked) {
          Arrays.stream(ranked).forEach(worse -> add(better, worse, rewards, pairs));
        }
      }
    }
    pairs.sort(Comparator.comparingDouble(pair -> rewards[pair[1]] - rewards[pair[0]]));
    int most = settings.most() == 0 ? pairs.size() : Math.min(settings.most(), pairs.size());
    return pairs.subList(0, most);
  }

  private void add(int better, int worse, double[] rewards, List<int[]> pairs) {
    if (rewards[better] - rewards[worse] > settings.leastDifference()) {
      pairs.add(new int[] {better, worse});
    }
  }

  /** The group's pairs to learn from. */
  List<Lesson> lessons(ScoredRollout group) {
    List<Completion> completions = group.rollout().completions();
    return of(group).stream()
        .map(
            pair ->
                Lesson.drawn(
                    group.rollout().visit().task().id(),
                    group.rollout().prompt(),
                    completions.get(pair[0]),
                    completions.get(pair[1])))
        .toList();
  }
}
