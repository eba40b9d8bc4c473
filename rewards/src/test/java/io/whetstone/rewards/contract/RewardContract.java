package io.whetstone.rewards.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.datasets.Task;
import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.Group;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardPipeline;
import io.whetstone.rewards.Score;
import io.whetstone.rewards.ScoredGroup;
import io.whetstone.rewards.WeightedReward;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/**
 * What every reward must hold, as tests of yours: a perfect completion is worth more than a wrong
 * one, an empty or hostile one is answered and is worth no more than the perfect one, the same
 * completion always has the same score, in whatever order and from however many threads, and all of
 * it within the deadline.
 *
 * <pre>
 * &#64;TestFactory
 * Stream&lt;DynamicTest&gt; keepsTheContract() {
 *   Reward reward = new MyProvider().create(Map.of());
 *   return RewardContract.tests(reward, Task.of("t", "1+1=?", "2"), "good", "bad");
 * }
 * </pre>
 *
 * <p>The pipeline that scores here is the one that a run uses.
 */
public final class RewardContract {

  /** What a policy in training may well produce. */
  private static final List<String> HOSTILE =
      List.of(
          "<think>".repeat(5_000),
          "</answer><answer>",
          "<answer>" + "9".repeat(20_000) + "</answer>",
          "\\boxed{".repeat(5_000) + "}".repeat(4_999),
          "(".repeat(20_000) + "a".repeat(20_000) + "!",
          "{\"a\":".repeat(2_000),
          "10^10^10^10",
          "\u0000\u0001\u001b[2J\u202e\ufeff",
          "\ud800 a lone surrogate",
          "\n".repeat(20_000),
          "word ".repeat(20_000),
          "答え、ответ, الجواب: e\u0301\u0301\u0301");

  private static final int THREADS = 4;

  private final Reward reward;
  private final Task task;
  private final String perfect;
  private final String wrong;
  private final Duration deadline;

  private RewardContract(
      Reward reward, Task task, String perfect, String wrong, Duration deadline) {
    this.reward = reward;
    this.task = task;
    this.perfect = perfect;
    this.wrong = wrong;
    this.deadline = deadline;
  }

  /** The tests, with the deadline that a reward has by default. */
  public static Stream<DynamicTest> tests(Reward reward, Task task, String perfect, String wrong) {
    return tests(reward, task, perfect, wrong, WeightedReward.DEFAULT_DEADLINE);
  }

  /**
   * The tests.
   *
   * @param perfect a completion that deserves the highest value the reward has for the task
   * @param wrong one that deserves less
   * @param deadline time for one group
   */
  public static Stream<DynamicTest> tests(
      Reward reward, Task task, String perfect, String wrong, Duration deadline) {
    RewardContract contract = new RewardContract(reward, task, perfect, wrong, deadline);
    return Stream.of(
        DynamicTest.dynamicTest("the task is accepted", () -> reward.check(task)),
        DynamicTest.dynamicTest("perfect is worth more than wrong", contract::perfectBeatsWrong),
        DynamicTest.dynamicTest("an empty completion is answered", () -> contract.answers("")),
        DynamicTest.dynamicTest("hostile completions are answered", contract::survivesHostility),
        DynamicTest.dynamicTest("the same has the same score", contract::isDeterministic),
        DynamicTest.dynamicTest("several threads change nothing", contract::isThreadSafe));
  }

  private ScoredGroup score(String... texts) throws InterruptedException {
    return score(List.of(group(texts)), 1).getFirst();
  }

  private List<ScoredGroup> score(List<Group> groups, int threads) throws InterruptedException {
    // Not closed: that would close the reward, which the next test needs.
    RewardPipeline pipeline =
        new RewardPipeline(List.of(new WeightedReward("reward", unclosed(), 1, deadline)), threads);
    try (pipeline) {
      return pipeline.score(groups);
    }
  }

  /** The reward as it is, but that the pipeline's end is not its own. */
  private Reward unclosed() {
    return new Reward() {
      @Override
      public List<Score> score(Group group) throws Exception {
        return reward.score(group);
      }

      @Override
      public boolean comparesCandidates() {
        return reward.comparesCandidates();
      }

      @Override
      public java.util.OptionalInt concurrency() {
        return reward.concurrency();
      }
    };
  }

  private Group group(String... texts) {
    return new Group(task, "", Arrays.stream(texts).map(Candidate::of).toList());
  }

  private static List<Score> scores(ScoredGroup scored) {
    return scored.scores().get("reward");
  }

  private static double value(Score score, String of) {
    assertTrue(score.value().isPresent(), of + " has no value: " + score);
    return score.value().getAsDouble();
  }

  private void perfectBeatsWrong() throws InterruptedException {
    List<Score> scores = scores(score(perfect, wrong));
    double best = value(scores.getFirst(), "the perfect completion");
    double worst = value(scores.getLast(), "the wrong completion");
    assertTrue(best > worst, "perfect has " + best + ", wrong has " + worst);
  }

  private void answers(String text) throws InterruptedException {
    List<Score> scores = scores(score(perfect, text));
    String shown = text.length() <= 40 ? text : text.substring(0, 40) + "…";
    assertFalse(scores.getLast().failed(), "\"" + shown + "\" gave " + scores.getLast());
    if (scores.getLast().value().isPresent()) {
      double best = value(scores.getFirst(), "the perfect completion");
      double got = scores.getLast().value().getAsDouble();
      assertTrue(got <= best, "\"" + shown + "\" has " + got + ", more than perfect's " + best);
    }
  }

  private void survivesHostility() throws InterruptedException {
    for (String text : HOSTILE) {
      answers(text);
    }
  }

  private void isDeterministic() throws InterruptedException {
    List<Score> first = scores(score(perfect, wrong, ""));
    assertEquals(first, scores(score(perfect, wrong, "")), "the second time");
    List<Score> turned = new ArrayList<>(scores(score("", wrong, perfect)));
    Collections.reverse(turned);
    assertEquals(first, turned, "in another order");
  }

  private void isThreadSafe() throws InterruptedException {
    List<Score> expected = scores(score(perfect, wrong));
    List<Group> many = Collections.nCopies(50 * THREADS, group(perfect, wrong));
    for (ScoredGroup scored : score(many, THREADS)) {
      assertEquals(expected, scores(scored));
    }
  }
}
