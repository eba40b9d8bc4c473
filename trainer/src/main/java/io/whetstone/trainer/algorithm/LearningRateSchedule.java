package io.whetstone.trainer.algorithm;

/**
 * The learning rate of each optimizer step: a linear warmup, then constant, or falling to a
 * fraction of the peak along a line or half a cosine.
 *
 * <p>With p = (step − warmup) / (steps − 1 − warmup): linear gives peak · (1 − (1 − f) p), cosine
 * peak · (f + (1 − f) (1 + cos π p) / 2). The first step after the warmup has the peak and the last
 * step the final fraction. During the warmup step i (from 0) has peak · (i + 1) / (warmup + 1), so
 * no step is spent at 0 and none at the peak before the fall begins.
 *
 * @param shape after the warmup
 * @param peak the highest rate
 * @param warmup steps of warmup ≥ 0
 * @param steps of the whole stage &gt; 0
 * @param finalFraction f in [0, 1]: of the peak, at the last step; not used by a constant rate
 */
public record LearningRateSchedule(
    Shape shape, double peak, int warmup, int steps, double finalFraction) {

  /** The curve after the warmup. */
  public enum Shape {
    CONSTANT,
    LINEAR,
    COSINE
  }

  public LearningRateSchedule {
    if (!(peak >= 0) || Double.isInfinite(peak)) {
      throw new IllegalArgumentException("learning rate " + peak + " is not a number ≥ 0");
    }
    if (steps <= 0 || warmup < 0 || warmup >= steps) {
      throw new IllegalArgumentException(
          "a warmup of " + warmup + " steps does not fit a stage of " + steps + " steps");
    }
    if (!(finalFraction >= 0 && finalFraction <= 1)) {
      throw new IllegalArgumentException("final fraction " + finalFraction + " is not in [0, 1]");
    }
  }

  /** The rate of {@code step}, counted from 0; past the last step it stays where it ended. */
  public double at(int step) {
    if (step < warmup) {
      return peak * (step + 1) / (warmup + 1);
    }
    int span = steps - 1 - warmup;
    double progress = span == 0 ? 0 : Math.min(1, (double) (step - warmup) / span);
    double fraction =
        switch (shape) {
          case CONSTANT -> 1;
          case LINEAR -> 1 - (1 - finalFraction) * progress;
          // StrictMath: the same rate to the bit whether the JIT has compiled this or not.
          case COSINE ->
              finalFraction + (1 - finalFraction) * (1 + StrictMath.cos(Math.PI * progress)) / 2;
        };
    return peak * fraction;
  }
}
