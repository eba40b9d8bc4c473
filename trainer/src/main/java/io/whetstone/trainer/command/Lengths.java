package io.whetstone.trainer.command;

import java.util.Locale;

/** How long texts are, in tokens: shortest, mean and longest. */
final class Lengths {
  private long count;
  private long sum;
  private int least = Integer.MAX_VALUE;
  private int most;

  void add(int length) {
    count++;
    sum += length;
    least = Math.min(least, length);
    most = Math.max(most, length);
  }

  long sum() {
    return sum;
  }

  double mean() {
    return count == 0 ? 0 : sum / (double) count;
  }

  @Override
  public String toString() {
    return count == 0
        ? "no"
        : String.format(Locale.ROOT, "%d to %d (mean %.1f)", least, most, mean());
  }
}
