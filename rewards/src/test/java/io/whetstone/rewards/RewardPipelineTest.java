package io.whetstone.rewards;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.datasets.Task;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;

@Timeout(60)
class RewardPipelineTest {

  private static final Reward HALF = Reward.each((task, candidate) -> Score.scored(0.5));

  private static Group group(int index) {
    return new Group(
        Task.of("t" + index, "1+1=?", "2"),
        "",
        List.of(Candidate.of("a" + index), Candidate.of("bb"), Candidate.of("ccc")));
  }

  private static WeightedReward reward(String name, Reward reward) {
    return new WeightedReward(name, reward, 1);
  }

  private static ScoredGroup score(WeightedReward... rewards) throws InterruptedException {
    try (RewardPipeline pipeline = new RewardPipeline(List.of(rewards), 4)) {
      return pipeline.score(List.of(group(0))).getFirst();
    }
  }

  private static List<Outcome> outcomes(ScoredGroup scored, String reward) {
    return scored.scores().get(reward).stream().map(Score::outcome).toList();
  }

  @Test
  void theTotalIsTheWeightedSum() throws Exception {
    Reward length = Reward.each((task, candidate) -> Score.scored(candidate.text().length()));
    ScoredGroup scored =
        score(new WeightedReward("half", HALF, 0.2), new WeightedReward("length", length, -2));
    assertEquals(
        List.of(OptionalDouble.of(-3.9), OptionalDouble.of(-3.9), OptionalDouble.of(-5.9)),
        scored.totals());
    assertEquals(List.of("half", "length"), List.copyOf(scored.scores().keySet()));
  }

  @Test
  void whatAPluginGetsWrongIsAnErrorAndNeverAZero() throws Exception {
    List<Reward> wrong =
        List.of(
            group -> {
              throw new IOException("disk gone");
            },
            group -> {
              throw new AssertionError("bug");
            },
            group -> null,
            group -> List.of(Score.correct()),
            group -> new ArrayList<>(Arrays.asList(null, null, null)),
            group -> List.of(Score.scored(Double.NaN), nan(), nan()),
            group -> endless(0),
            Reward.each((task, candidate) -> nan()),
            Reward.each((task, candidate) -> Score.scored(Double.NEGATIVE_INFINITY)),
            Reward.each((task, candidate) -> null));
    for (Reward reward : wrong) {
      ScoredGroup scored = score(reward("wrong", reward), reward("half", HALF));
      assertEquals(List.of(Outcome.ERROR, Outcome.ERROR, Outcome.ERROR), outcomes(scored, "wrong"));
      assertEquals(0, scored.present());
      assertFalse(scored.score("wrong", 0).notes().get("error").isBlank());
      assertEquals(OptionalDouble.of(0.5), scored.score("half", 0).value());
    }
  }

  private static Score nan() {
    return new Score(
        OptionalDouble.of(Double.NaN), Outcome.SCORED, List.of(), Optional.empty(), Map.of());
  }

  private static List<Score> endless(int depth) {
    return endless(depth + 1);
  }

  @Test
  void oneCandidateThatFailsLeavesTheOthers() throws Exception {
    Reward picky =
        Reward.each(
            (task, candidate) -> {
              if (candidate.text().equals("bb")) {
                throw new IllegalStateException("no bb");
              }
              return Score.correct();
            });
    ScoredGroup scored = score(reward("picky", picky));
    assertEquals(
        List.of(Outcome.CORRECT, Outcome.ERROR, Outcome.CORRECT), outcomes(scored, "picky"));
    assertEquals(
        List.of(OptionalDouble.of(1), OptionalDouble.empty(), OptionalDouble.of(1)),
        scored.totals());
    assertTrue(scored.score("picky", 1).notes().get("error").contains("no bb"));
  }

  @Test
  void whatIsNotApplicableAddsNothing() throws Exception {
    Reward none = Reward.each((task, candidate) -> Score.notApplicable());
    assertEquals(
        OptionalDouble.of(0.5), score(reward("none", none), reward("half", HALF)).totals().get(0));
    assertEquals(0, score(reward("none", none)).present());
  }

  @Test
  void aRewardWithoutWeightIsOnlyRecorded() throws Exception {
    Reward failing =
        group -> {
          throw new IllegalStateException();
        };
    ScoredGroup scored = score(new WeightedReward("watched", failing, 0), reward("half", HALF));
    assertEquals(3, scored.present());
    assertEquals(Outcome.ERROR, scored.score("watched", 0).outcome());
  }

  @Test
  void aHangingRewardIsInterruptedAndItsThreadComesBack() throws Exception {
    CountDownLatch interrupted = new CountDownLatch(1);
    Reward hanging =
        Reward.each(
            (task, candidate) -> {
              try {
                Thread.sleep(Duration.ofHours(1));
              } catch (InterruptedException e) {
                interrupted.countDown();
                throw e;
              }
              return Score.correct();
            });
    ScoredGroup scored =
        score(new WeightedReward("hanging", hanging, 1, Duration.ofMillis(50)), reward("h", HALF));
    assertEquals(
        List.of(Outcome.TIMEOUT, Outcome.TIMEOUT, Outcome.TIMEOUT), outcomes(scored, "hanging"));
    assertEquals(OptionalDouble.empty(), scored.score("hanging", 0).value());
    assertEquals(
        "no answer within 0.05 seconds", scored.score("hanging", 0).notes().get("timeout"));
    assertEquals(0, scored.present());
    interrupted.await();
  }

  @Test
  void aShortDeadlineIsKeptWhileALongOneRuns() throws Exception {
    CountDownLatch interrupted = new CountDownLatch(1);
    Reward patient =
        group -> {
          interrupted.await();
          return Score.all(Score.correct(), 3);
        };
    Reward hanging =
        group -> {
          try {
            Thread.sleep(Duration.ofHours(1));
          } finally {
            interrupted.countDown();
          }
          return null;
        };
    try (RewardPipeline pipeline =
        new RewardPipeline(
            List.of(
                new WeightedReward("patient", patient, 1, Duration.ofHours(1)),
                new WeightedReward("hanging", hanging, 1, Duration.ofMillis(50))),
            2)) {
      ScoredGroup scored =
          assertTimeoutPreemptively(
              Duration.ofSeconds(20), () -> pipeline.score(List.of(group(0))).getFirst());
      assertEquals(Outcome.CORRECT, scored.score("patient", 0).outcome());
      assertEquals(Outcome.TIMEOUT, scored.score("hanging", 0).outcome());
    }
  }

  @Test
  void anInterruptThatARewardLeavesBehindDoesNotReachTheNext() throws Exception {
    Reward careless =
        group -> {
          Thread.currentThread().interrupt();
          return Score.all(Score.correct(), 3);
        };
    Reward sleeping =
        group -> {
          Thread.sleep(1);
          return Score.all(Score.correct(), 3);
        };
    try (RewardPipeline pipeline =
        new RewardPipeline(
            List.of(reward("careless", careless), reward("sleeping", sleeping)), 1)) {
      for (ScoredGroup scored : pipeline.score(List.of(group(0), group(1)))) {
        assertEquals(Outcome.CORRECT, scored.score("sleeping", 0).outcome());
      }
    }
  }

  @Test
  void aRewardThatIgnoresTheInterruptIsAbandonedAndHoldsNobodyUp() {
    AtomicBoolean release = new AtomicBoolean();
    Reward deaf =
        group -> {
          while (!release.get()) {
            Thread.onSpinWait();
            Thread.interrupted();
            LockSupport.parkNanos(1_000_000);
          }
          return Score.all(Score.correct(), 3);
        };
    try (RewardPipeline pipeline =
        new RewardPipeline(
            List.of(new WeightedReward("deaf", deaf, 1, Duration.ofMillis(20)), reward("h", HALF)),
            1)) {
      List<ScoredGroup> scored =
          assertTimeoutPreemptively(
              Duration.ofSeconds(20), () -> pipeline.score(List.of(group(0), group(1), group(2))));
      assertEquals(3, pipeline.abandoned());
      for (ScoredGroup group : scored) {
        assertEquals(Outcome.TIMEOUT, group.score("deaf", 0).outcome());
        assertEquals(Outcome.SCORED, group.score("h", 0).outcome());
      }
      release.set(true);
      assertTimeoutPreemptively(
          Duration.ofSeconds(20),
          () -> {
            while (pipeline.abandoned() > 0) {
              Thread.sleep(5);
            }
          });
    }
  }

  @Test
  void callsRunTogetherButNoMoreThanAllowed() throws Exception {
    AtomicInteger running = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    CyclicBarrier three = new CyclicBarrier(3);
    Reward meeting =
        group -> {
          most.accumulateAndGet(running.incrementAndGet(), Math::max);
          three.await(); // passes only if three calls are there at the same time
          running.decrementAndGet();
          return Score.all(Score.correct(), 3);
        };
    try (RewardPipeline pipeline = new RewardPipeline(List.of(reward("meeting", meeting)), 3)) {
      List<Group> groups = IntStream.range(0, 9).mapToObj(i -> group(i)).toList();
      pipeline.score(groups).forEach(scored -> assertEquals(3, scored.present()));
    }
    assertEquals(3, most.get());
  }

  @Test
  void theResultDoesNotDependOnThreads() throws Exception {
    Reward restless =
        Reward.each(
            (task, candidate) -> {
              Thread.sleep(Math.floorMod(candidate.text().hashCode(), 3));
              return Score.scored(candidate.text().hashCode() / 7.0)
                  .withExtracted(task.id() + candidate.text());
            });
    List<Group> groups = IntStream.range(0, 20).mapToObj(i -> group(i)).toList();
    List<List<ScoredGroup>> results = new ArrayList<>();
    for (int threads : new int[] {1, 2, 7, 40}) {
      try (RewardPipeline pipeline =
          new RewardPipeline(List.of(reward("r", restless), reward("h", HALF)), threads)) {
        results.add(pipeline.score(groups));
      }
    }
    results.forEach(result -> assertEquals(results.getFirst(), result));
  }

  @Test
  void oneRewardDoesNotSeeWhatAnotherDidToTheTokens() throws Exception {
    Reward vandal =
        Reward.each(
            (task, candidate) -> {
              candidate.ids()[0] = 99;
              return Score.correct();
            });
    Candidate candidate = new Candidate("a", new int[] {1, 2}, "end");
    try (RewardPipeline pipeline = new RewardPipeline(List.of(reward("vandal", vandal)), 1)) {
      pipeline.score(List.of(new Group(Task.of("t", "p", "a"), "", List.of(candidate))));
    }
    assertEquals(1, candidate.ids()[0]);
  }

  @Test
  void interruptingTheCallerEndsTheScoringAndWhatRuns() throws Exception {
    Thread caller = Thread.currentThread();
    CountDownLatch ended = new CountDownLatch(1);
    Reward hanging =
        group -> {
          caller.interrupt();
          try {
            Thread.sleep(Duration.ofHours(1));
          } finally {
            ended.countDown();
          }
          return null;
        };
    try (RewardPipeline pipeline = new RewardPipeline(List.of(reward("hanging", hanging)), 2)) {
      assertThrows(InterruptedException.class, () -> pipeline.score(List.of(group(0))));
      ended.await();
    }
  }

  @Test
  void aCallThatNeverBeganIsNotCountedAsAbandoned() throws Exception {
    try (RewardPipeline pipeline = new RewardPipeline(List.of(reward("half", HALF)), 2)) {
      Thread.currentThread().interrupt();
      assertThrows(InterruptedException.class, () -> pipeline.score(List.of(group(0))));
      while (pipeline.abandoned() > 0) {
        Thread.sleep(5);
      }
    }
  }

  @Test
  void outcomesAreCounted() throws Exception {
    Reward mixed =
        Reward.each(
            (task, candidate) ->
                switch (candidate.text().length()) {
                  case 2 -> candidate.text().equals("bb") ? Score.correct() : Score.wrong();
                  default -> Score.error("no");
                });
    try (RewardPipeline pipeline =
        new RewardPipeline(List.of(reward("mixed", mixed), reward("half", HALF)), 2)) {
      OutcomeCounts counts = OutcomeCounts.of(pipeline.score(List.of(group(0), group(1))));
      assertEquals(2, counts.count("mixed", Outcome.CORRECT));
      assertEquals(2, counts.count("mixed", Outcome.WRONG));
      assertEquals(2, counts.count("mixed", Outcome.ERROR));
      assertEquals(0, counts.count("mixed", Outcome.TIMEOUT));
      assertEquals(6, counts.count("half", Outcome.SCORED));
      assertEquals(List.of("mixed", "half"), List.copyOf(counts.byReward().keySet()));
    }
  }

  @Test
  void aCheckThatFailsIsNamed() {
    Reward unable =
        new Reward() {
          @Override
          public List<Score> score(Group group) {
            return List.of();
          }

          @Override
          public void check(Task task) {
            throw new IllegalStateException("no table");
          }
        };
    try (RewardPipeline pipeline = new RewardPipeline(List.of(reward("unable", unable)), 1)) {
      assertEquals(
          "reward \"unable\": failed to check task t: java.lang.IllegalStateException: no table",
          assertThrows(RewardPluginException.class, () -> pipeline.check(Task.of("t", "p", "a")))
              .getMessage());
    }
  }

  @Test
  void impossibleSettingsAreRefused() {
    assertMessage(
        "rewards: \"a\" is named twice",
        () -> new RewardPipeline(List.of(reward("a", HALF), reward("a", HALF)), 1));
    assertMessage("threads: 0 is not 1 or more", () -> new RewardPipeline(List.of(), 0));
    assertMessage(
        "a.weight: NaN is not a finite number", () -> new WeightedReward("a", HALF, Double.NaN));
    assertMessage(
        "a.deadline: PT0S is not above 0", () -> new WeightedReward("a", HALF, 1, Duration.ZERO));
  }

  private static void assertMessage(String message, Executable executable) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, executable).getMessage());
  }

  @Test
  void aPatientRewardHasTimeForAGroupUnlessADeadlineIsSet() {
    Reward patient =
        new Reward() {
          @Override
          public List<Score> score(Group group) {
            return List.of();
          }

          @Override
          public Duration patience(int candidates) {
            return Duration.ofSeconds(9L * candidates);
          }
        };
    WeightedReward plain = new WeightedReward("patient", patient, 1);
    assertEquals(WeightedReward.DEFAULT_DEADLINE, plain.deadline(1));
    assertEquals(Duration.ofSeconds(72), plain.deadline(8));
    Duration set = Duration.ofSeconds(2);
    assertEquals(set, new WeightedReward("patient", patient, 1, set).deadline(8));
  }
}
