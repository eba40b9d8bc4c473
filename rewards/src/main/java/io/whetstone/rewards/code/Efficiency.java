package io.whetstone.rewards.code;

import io.whetstone.datasets.Task;
import io.whetstone.rewards.Group;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.Score;
import io.whetstone.rewards.code.CodeEfficiencyProvider.EfficiencySettings;
import io.whetstone.rewards.code.CodeRunner.Judged;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;

/** Measures candidates in rounds together with the reference solution. */
record Efficiency(CodeRunner runner, EfficiencySettings settings) implements Reward {

  /** The least that a code used in all rounds so far. */
  private static final class Least {
    private double seconds = Double.POSITIVE_INFINITY;
    private double bytes = Double.POSITIVE_INFINITY;

    void add(Judged judged) {
      judged
          .verdict()
          .filter(Verdict::passedAll)
          .ifPresent(
              verdict -> {
                seconds = Math.min(seconds, verdict.cpu().toNanos() / 1e9);
                bytes = Math.min(bytes, verdict.peakMemory());
              });
    }
  }

  /** Time limits are of a clock. */
  @Override
  public boolean repeats() {
    return false;
  }

  /** Everything runs once to be judged and then in rounds, the reference with it. */
  @Override
  public Duration patience(int candidates) {
    return runner.patience((candidates + 1) * (settings.rounds() + 1));
  }

  @Override
  public List<Score> score(Group group) throws InterruptedException {
    Task task = group.task();
    Optional<TestSuite> tests = runner.suite(task);
    int size = group.candidates().size();
    if (tests.isEmpty()) {
      return group.candidates().stream().map(unused -> Score.notApplicable()).toList();
    }
    TestSuite suite = tests.get();
    String solution = settings.reference(task);
    List<Judged> first = runner.judge(task, suite, group.candidates());
    List<Callable<Judged>> round = new ArrayList<>();
    round.add(() -> runner.judge(task, suite, solution));
    List<Integer> measured = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      Judged judged = first.get(i);
      if (judged.verdict().filter(Verdict::passedAll).isPresent()) {
        round.add(() -> runner.again(judged, suite));
        measured.add(i);
      }
    }
    List<Score> scores = new ArrayList<>(first.stream().map(runner::score).toList());
    if (measured.isEmpty()) {
      return scores;
    }
    List<Least> least = round.stream().map(unused -> new Least()).toList();
    for (int r = 0; r < settings.rounds(); r++) {
      List<Judged> results = runner.concurrently(round);
      Judged reference = results.getFirst();
      if (reference.verdict().filter(Verdict::passedAll).isEmpty()) {
        Score unknown = Score.error(why(reference));
        measured.forEach(i -> scores.set(i, unknown));
        return scores;
      }
      for (int i = 0; i < results.size(); i++) {
        least.get(i).add(results.get(i));
      }
    }
    for (int i = 0; i < measured.size(); i++) {
      int candidate = measured.get(i);
      scores.set(candidate, efficiency(scores.get(candidate), least.get(i + 1), least.getFirst()));
    }
    return scores;
  }

  private String why(Judged reference) {
    return settings.reference()
        + ": the reference solution does not pass the tests: "
        + reference
            .verdict()
            .flatMap(Verdict::failure)
            .map(Object::toString)
            .orElse(reference.error());
  }

  private Score efficiency(Score correct, Least used, Least reference) {
    double time = ratio(reference.seconds, used.seconds);
    double memory = ratio(reference.bytes, used.bytes);
    double weight = settings.memoryWeight();
    Score score =
        Score.scored((1 - weight) * time + weight * memory)
            .withExtracted(correct.extracted().orElse(""))
            .withNote("cpu-seconds", "%.3f".formatted(used.seconds))
            .withNote("reference-cpu-seconds", "%.3f".formatted(reference.seconds));
    return weight == 0
        ? score
        : score
            .withNote("peak-mib", "%.1f".formatted(used.bytes / (1 << 20)))
            .withNote("reference-peak-mib", "%.1f".formatted(reference.bytes / (1 << 20)));
  }

  /** At most 1; what used nothing that could be measured is as good as can be. */
  private static double ratio(double reference, double used) {
    return used <= reference ? 1 : reference / used;
  }

  @Override
  public void check(Task task) {
    if (runner.suite(task).isPresent()) {
      settings.reference(task);
    }
  }

  /** One group at a time: programs that run beside each other disturb what is measured. */
  @Override
  public OptionalInt concurrency() {
    return OptionalInt.of(1);
  }
}
