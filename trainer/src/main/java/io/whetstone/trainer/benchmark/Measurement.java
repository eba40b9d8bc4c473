package io.whetstone.trainer.benchmark;

import java.util.List;

/**
 * What a row measured.
 *
 * @param seconds of each repetition, ascending
 * @param amount tokens in a repetition; 1 where the unit is seconds
 */
public record Measurement(List<Double> seconds, Unit unit, long amount) {
  /** What a value counts. */
  public enum Unit {
    TOKENS_PER_SECOND("tok/s"),
    SECONDS("s");

    private final String text;

    Unit(String text) {
      this.text = text;
    }

    public String text() {
      return text;
    }
  }

  /** Of the fastest repetition: what disturbs a machine only ever slows it down. */
  public double best() {
    return value(seconds.getFirst());
  }

  public double median() {
    return value(seconds.get(seconds.size() / 2));
  }

  private double value(double time) {
    return unit == Unit.SECONDS ? time : amount / time;
  }
}
