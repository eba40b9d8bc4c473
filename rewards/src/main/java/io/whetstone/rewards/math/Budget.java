package io.whetstone.rewards.math;

/**
 * What one verification may cost: steps, counted where the work is done, and a moment to be done
 * by. Needs no thread of its own, so that it holds wherever it is called from. Not thread-safe.
 */
final class Budget {

  /** The work was larger than allowed. Carries no stack trace: it is a finding, not a fault. */
  static final class Exhausted extends RuntimeException {
    Exhausted(String message) {
      super(message, null, false, false);
    }
  }

  private static final long STEPS_BETWEEN_CLOCKS = 4096;

  private final Budget whole;
  private final long deadline;
  private long left;
  private long untilClock = STEPS_BETWEEN_CLOCKS;

  /**
   * @param steps elementary operations: a token read, a node visited, a product of two 64-bit words
   * @param nanos of wall-clock time, from now
   */
  Budget(long steps, long nanos) {
    this(null, steps, System.nanoTime() + nanos);
  }

  private Budget(Budget whole, long steps, long deadline) {
    this.whole = whole;
    this.left = steps;
    this.deadline = deadline;
  }

  /**
   * A part of this budget for an attempt that may fail: what it spends is spent here too, and where
   * only the part is used up, {@link Polynomial.TooLarge} says so.
   */
  Budget part(long steps) {
    return new Budget(this, steps, deadline);
  }

  /**
   * Pays for work that is about to be done.
   *
   * @throws Exhausted if steps or time are spent, or the thread is interrupted
   */
  void spend(long steps) {
    left -= steps;
    if (whole != null) {
      whole.spend(steps);
      if (left < 0) {
        throw new Polynomial.TooLarge();
      }
      return;
    }
    if (left < 0) {
      throw new Exhausted("more steps than a verification may take");
    }
    untilClock -= steps;
    if (untilClock <= 0) {
      untilClock = STEPS_BETWEEN_CLOCKS;
      if (System.nanoTime() - deadline > 0) {
        throw new Exhausted("more time than a verification may take");
      }
      if (Thread.currentThread().isInterrupted()) {
        throw new Exhausted("interrupted");
      }
    }
  }
}
