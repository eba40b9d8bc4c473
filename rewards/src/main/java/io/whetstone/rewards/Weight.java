package io.whetstone.rewards;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What a reward's value is multiplied with, which may change with the training step.
 *
 * <p>Written as a number, or as points {@code [[0, 1], [100, 0.2]]}: pairs of a step and a weight,
 * linear between two points, constant before the first and after the last.
 */
public final class Weight {

  private record Point(long step, double weight) {}

  private final List<Point> points;

  private Weight(List<Point> points) {
    this.points = List.copyOf(points);
  }

  /** The same weight at every step. */
  public static Weight of(Number weight) {
    return new Weight(List.of(new Point(0, finite(weight.doubleValue()))));
  }

  /**
   * A weight that changes.
   *
   * @param points pairs [step, weight] with rising steps
   */
  public static Weight of(List<List<Double>> points) {
    List<Point> read = new ArrayList<>();
    for (List<Double> pair : points) {
      if (pair.size() != 2 || pair.getFirst() != Math.rint(pair.getFirst()) || pair.get(0) < 0) {
        throw new IllegalArgumentException(
            pair + " is not a pair of a step and a weight, such as [100, 0.2]");
      }
      long step = pair.getFirst().longValue();
      if (!read.isEmpty() && step <= read.getLast().step()) {
        throw new IllegalArgumentException(
            "step " + step + " does not come after " + read.getLast().step());
      }
      read.add(new Point(step, finite(pair.getLast())));
    }
    if (read.isEmpty()) {
      throw new IllegalArgumentException("[] is not a weight; expected a number or pairs");
    }
    return new Weight(read);
  }

  private static double finite(double weight) {
    if (!Double.isFinite(weight)) {
      throw new IllegalArgumentException(weight + " is not a finite number");
    }
    return weight;
  }

  /**
   * The weight at a step.
   *
   * @param step of training, from 0
   */
  public double at(long step) {
    Point before = points.getFirst();
    for (Point point : points) {
      if (point.step() > step) {
        long span = Math.max(1, point.step() - before.step());
        double share = Math.max(0, (double) (step - before.step()) / span);
        return before.weight() + share * (point.weight() - before.weight());
      }
      before = point;
    }
    return before.weight();
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    for (Point point : points) {
      text.append(text.isEmpty() ? "" : " → ").append(point.weight());
      if (points.size() > 1) {
        text.append(String.format(Locale.ROOT, " (step %d)", point.step()));
      }
    }
    return text.toString();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Weight that && points.equals(that.points);
  }

  @Override
  public int hashCode() {
    return points.hashCode();
  }
}
