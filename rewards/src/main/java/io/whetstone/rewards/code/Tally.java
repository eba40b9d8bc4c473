package io.whetstone.rewards.code;

import io.whetstone.rewards.code.Verdict.Failure;
import io.whetstone.rewards.sandbox.ProgramRun;
import java.time.Duration;
import java.util.Optional;

/** Counts one completion's tests, and the time that is left for them. */
final class Tally {

  private final int total;
  private Duration left;
  private int passed;
  private Failure failure;
  private Duration cpu = Duration.ZERO;
  private long peakMemory;

  Tally(int total, Duration time) {
    this.total = total;
    this.left = time;
  }

  void pass() {
    passed++;
  }

  /** The first is the one that is told. */
  void fail(int test, boolean timeout, String why) {
    if (failure == null) {
      failure = new Failure(test, timeout, why);
    }
  }

  void late(int test) {
    fail(test, true, "not run; the time for all tests was used up");
  }

  /** Takes what a run used; waiting for a place in the sandbox is not among it. */
  void used(ProgramRun run) {
    cpu = cpu.plus(run.cpu());
    left = left.minus(run.wall());
    peakMemory = Math.max(peakMemory, run.peakMemory());
  }

  /** Takes the time of a run that is no test. */
  void prepared(ProgramRun run) {
    left = left.minus(run.wall());
  }

  boolean failed() {
    return failure != null;
  }

  boolean isLate() {
    return !left.isPositive();
  }

  /** What a run may take on the clock that by itself might take this. */
  Duration atMost(Duration wall) {
    return left.compareTo(wall) < 0 ? left : wall;
  }

  Verdict verdict() {
    return new Verdict(passed, total, Optional.ofNullable(failure), cpu, peakMemory);
  }
}
