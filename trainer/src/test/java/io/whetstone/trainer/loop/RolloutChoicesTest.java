package io.whetstone.trainer.loop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.whetstone.datasets.Task;
import io.whetstone.generation.Completion;
import io.whetstone.generation.StopReason;
import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.Group;
import io.whetstone.rewards.Score;
import io.whetstone.rewards.ScoredGroup;
import io.whetstone.trainer.config.Keep;
import io.whetstone.trainer.config.Pairing;
import io.whetstone.trainer.rollout.Rollout;
import io.whetstone.trainer.rollout.ScoredRollout;
import io.whetstone.trainer.rollout.TaskVisit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

/** What is kept of a group, which pairs are made of it, and which batch a step trains on. */
class RolloutChoicesTest {

  /** A completion: its text, as many tokens, its reward (NaN: absent), and how it ended. */
  private record Drawn(String text, double reward, StopReason stop) {
    Drawn(String text, double reward) {
      this(text, reward, StopReason.END_OF_SEQUENCE);
    }
  }

  private static ScoredRollout group(Drawn... all) {
    Task task = Task.of("t", "p", "a");
    List<Completion> completions = new ArrayList<>();
    List<Score> scores = new ArrayList<>();
    List<OptionalDouble> totals = new ArrayList<>();
    for (Drawn each : all) {
      int length = each.text.length();
      completions.add(new Completion(new int[length], new float[length], each.text, each.stop, 0));
      boolean absent = Double.isNaN(each.reward);
      scores.add(absent ? Score.error("x") : each.reward >= 1 ? Score.correct() : Score.wrong());
      totals.add(absent ? OptionalDouble.empty() : OptionalDouble.of(each.reward));
    }
    return new ScoredRollout(
        new Rollout(new TaskVisit(task, 0, 0), 0, new int[] {1}, completions),
        new ScoredGroup(
            new Group(task, "", completions.stream().map(c -> Candidate.of(c.text())).toList()),
            Map.of("accuracy", scores),
            totals));
  }

  private static final ScoredRollout GROUP =
      group(
          new Drawn("long and right", 1.2),
          new Drawn("right", 1.2),
          new Drawn("wrong", 0.2),
          new Drawn("right", 1.2),
          new Drawn("cut off", 1, StopReason.LENGTH),
          new Drawn("?", Double.NaN),
          new Drawn("so so", 1));

  private static int[] kept(Keep keep) {
    return new KeptCompletions(keep, "accuracy").of(GROUP);
  }

  @Test
  void keepsWhatIsAskedFor() {
    Optional<Double> any = Optional.empty();
    Optional<Integer> unbounded = Optional.empty();
    assertArrayEquals(new int[] {0, 1, 6}, kept(new Keep(true, any, 0, true, false, 0, unbounded)));
    assertArrayEquals(
        new int[] {0, 1, 3, 6}, kept(new Keep(true, any, 0, false, false, 0, unbounded)));
    assertArrayEquals(
        new int[] {1, 0}, kept(new Keep(true, any, 2, true, false, 0, unbounded)), "shortest");
    assertArrayEquals(
        new int[] {0, 1, 2, 4, 6}, kept(new Keep(false, any, 0, true, true, 0, unbounded)));
    assertArrayEquals(
        new int[] {1}, kept(new Keep(true, Optional.of(1.1), 0, true, false, 0, Optional.of(5))));
  }

  @Test
  void pairsTheBestWithTheWorst() {
    List<int[]> one = new Pairs(new Pairing(Pairing.Kind.BEST_WORST, 1, 0)).of(GROUP);
    assertEquals(1, one.size());
    assertArrayEquals(new int[] {0, 2}, one.getFirst());
    // Six rewards: 1.2 with 0.2, 1.2 with 1, and the middle ones 1.2 and 1.
    assertEquals(3, new Pairs(new Pairing(Pairing.Kind.BEST_WORST, 0, 0)).of(GROUP).size());
    // Three of 1.2 against two of 1 and one of 0.2, and the two of 1 against 0.2.
    assertEquals(11, new Pairs(new Pairing(Pairing.Kind.ALL, 0, 0)).of(GROUP).size());
    assertEquals(5, new Pairs(new Pairing(Pairing.Kind.ALL, 0, 0.5)).of(GROUP).size());
  }

  @Test
  void eachPassOverTheLessonsMeetsAll() {
    List<Lesson> lessons = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      lessons.add(Lesson.whole("t" + i, new int[] {1}, List.of(new int[] {i})));
    }
    List<String> met = Lesson.batch(lessons, 0, 10, 3).stream().map(Lesson::task).toList();
    assertEquals(5, met.subList(0, 5).stream().distinct().count());
    assertEquals(5, met.subList(5, 10).stream().distinct().count());
    List<String> later = Lesson.batch(lessons, 4, 6, 3).stream().map(Lesson::task).toList();
    assertEquals(met.subList(4, 10), later, "what comes next follows from the place");
  }

  private static Collected batch(int number) {
    return new Collected(List.of(), List.of(), number);
  }

  @Test
  void withStalenessTwoStepKTrainsOnWhatPolicyKMinusTwoDrew() throws InterruptedException {
    List<String> happened = new ArrayList<>();
    Backlog backlog = new Backlog(2, 5);
    for (int step = 0; step < 5; step++) {
      int now = step;
      Collected taken =
          backlog.next(
              step,
              use -> {
                happened.add("step " + now + " draws for " + use);
                return batch(use);
              });
      assertEquals(step, taken.attempts());
    }
    assertEquals(
        List.of(
            "step 0 draws for 0",
            "step 0 draws for 1",
            "step 0 draws for 2",
            "step 1 draws for 3",
            "step 2 draws for 4"),
        happened);
    Backlog current = new Backlog(0, 5);
    current.next(0, use -> batch(use));
    assertEquals(List.of(), current.waiting());
  }
}
