package io.whetstone.trainer.loop;

/** A value that is not finite turned up in a step. */
final class NonFiniteException extends ArithmeticException {
  private static final long serialVersionUID = 1;

  /** Where no single sample is to blame. */
  static final int NO_SAMPLE = -1;

  private final String tensor;
  private final double value;
  private final int sample;

  /**
   * @param tensor what holds the value: {@code gradient of lm_head.weight}
   * @param sample index among the samples that were being worked on, or {@link #NO_SAMPLE}
   */
  NonFiniteException(String tensor, double value, int sample) {
    super(tensor + " is " + value);
    this.tensor = tensor;
    this.value = value;
    this.sample = sample;
  }

  String tensor() {
    return tensor;
  }

  double value() {
    return value;
  }

  int sample() {
    return sample;
  }

  /** The same of another sample. */
  NonFiniteException of(int index) {
    NonFiniteException other = new NonFiniteException(tensor, value, index);
    other.initCause(this);
    return other;
  }
}
