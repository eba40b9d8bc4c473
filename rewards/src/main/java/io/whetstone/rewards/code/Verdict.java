package io.whetstone.rewards.code;

import java.time.Duration;
import java.util.Optional;

/**
 * What the tests found about a completion's code.
 *
 * @param passed tests that it passed
 * @param total tests that there are
 * @param failure the first that it did not pass; present exactly if it did not pass all
 * @param cpu processor time of all tests that were run
 * @param peakMemory bytes: the most that a test needed
 */
record Verdict(int passed, int total, Optional<Failure> failure, Duration cpu, long peakMemory) {

  /**
   * A test that was not passed.
   *
   * @param test from 1; 0 where the code failed before any test
   * @param timeout whether time ran out
   */
  record Failure(int test, boolean timeout, String why) {
    @Override
    public String toString() {
      return test == 0 ? why : "test " + test + ": " + why;
    }
  }

  static Verdict failed(int total, Failure failure) {
    return new Verdict(0, total, Optional.of(failure), Duration.ZERO, 0);
  }

  boolean passedAll() {
    return failure.isEmpty();
  }
}
