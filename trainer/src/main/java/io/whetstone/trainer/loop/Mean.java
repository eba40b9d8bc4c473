package io.whetstone.trainer.loop;

/** Count, mean, deviation and maximum of numbers as they come. */
final class Mean {
  private long count;
  private double sum;
  private double squares;
  private double most = Double.NEGATIVE_INFINITY;

  void add(double value) {
    count++;
    sum += value;
    squares += value * value;
    most = Math.max(most, value);
  }

  /** Adds a value unless it is NaN. */
  void addPresent(double value) {
    if (!Double.isNaN(value)) {
      add(value);
    }
  }

  /** NaN without values. */
  double mean() {
    return sum / count;
  }

  /** The population's standard deviation; NaN without values. */
  double deviation() {
    return Math.sqrt(Math.max(0, squares / count - mean() * mean()));
  }

  /** −∞ without values. */
  double most() {
    return most;
  }
}
