package io.whetstone.trainer.benchmark;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * How often a piece of work is timed.
 *
 * @param warmUp the work is repeated at least this long before it is timed: the JVM compiles
 *     meanwhile
 * @param timed how many times it is timed then, ≥ 1
 */
public record Repetitions(Duration warmUp, int timed) {

  public Repetitions {
    if (warmUp.isNegative() || timed < 1) {
      throw new IllegalArgumentException(
          "repetitions: " + timed + " after " + warmUp + "; expected at least one");
    }
  }

  /** Work that says how many seconds of it count. */
  @FunctionalInterface
  interface Timed {
    double seconds() throws InterruptedException;
  }

  /** Seconds of each timed repetition, ascending. */
  List<Double> run(Timed work) throws InterruptedException {
    long until = System.nanoTime() + warmUp.toNanos();
    while (System.nanoTime() < until) {
      work.seconds();
    }
    List<Double> seconds = new ArrayList<>();
    for (int i = 0; i < timed; i++) {
      seconds.add(work.seconds());
    }
    Collections.sort(seconds);
    return List.copyOf(seconds);
  }
}
