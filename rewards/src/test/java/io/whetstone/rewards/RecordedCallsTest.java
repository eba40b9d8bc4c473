package io.whetstone.rewards;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.whetstone.datasets.Task;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What cannot be computed again is recorded, and not computed again. */
class RecordedCallsTest {

  private static final class Memory implements ScoreRecord {
    private final Map<String, Deque<List<Score>>> known = new HashMap<>();
    private final List<String> recorded = new ArrayList<>();

    @Override
    public Optional<List<Score>> recall(String call) {
      return Optional.ofNullable(known.getOrDefault(call, new ArrayDeque<>()).poll());
    }

    @Override
    public void record(List<Map.Entry<String, List<Score>>> calls) {
      for (var call : calls) {
        known.computeIfAbsent(call.getKey(), unused -> new ArrayDeque<>()).add(call.getValue());
        recorded.add(call.getKey().substring(0, call.getKey().indexOf(' ')));
      }
    }
  }

  private static Reward counting(AtomicInteger calls, boolean repeats) {
    return new Reward() {
      @Override
      public List<Score> score(Group group) {
        int number = calls.incrementAndGet();
        return group.candidates().stream().map(unused -> Score.scored(number)).toList();
      }

      @Override
      public boolean repeats() {
        return repeats;
      }
    };
  }

  @Test
  void onlyWhatDoesNotRepeatIsKept() throws InterruptedException {
    AtomicInteger judged = new AtomicInteger();
    AtomicInteger ruled = new AtomicInteger();
    Memory memory = new Memory();
    List<WeightedReward> rewards =
        List.of(
            new WeightedReward("judge", counting(judged, false), 1),
            new WeightedReward("rule", counting(ruled, true), 1),
            new WeightedReward("broken", Reward.each((t, c) -> Score.error("gone")), 0));
    Group group = new Group(Task.of("t", "p", "a"), "", List.of(Candidate.of("x")));
    List<Group> same = List.of(group, group);
    List<ScoredGroup> first;
    try (RewardPipeline pipeline = new RewardPipeline(rewards, 1, memory)) {
      first = pipeline.score(same);
    }
    assertEquals(List.of("judge", "broken", "judge", "broken"), memory.recorded);
    assertEquals(2, judged.get());
    try (RewardPipeline pipeline = new RewardPipeline(rewards, 1, memory)) {
      List<ScoredGroup> again = pipeline.score(same);
      for (int g = 0; g < 2; g++) {
        assertEquals(first.get(g).score("judge", 0), again.get(g).score("judge", 0));
      }
      Group other = new Group(group.task(), "", List.of(Candidate.of("y")));
      pipeline.score(List.of(other));
    }
    assertEquals(3, judged.get());
    assertEquals(5, ruled.get());
  }
}
