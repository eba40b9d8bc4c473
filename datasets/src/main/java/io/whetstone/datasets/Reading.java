package io.whetstone.datasets;

import io.whetstone.datasets.settings.Default;

/**
 * What of a file becomes tasks.
 *
 * @param onBadLine what a bad line does
 * @param heldOut how many tasks are kept from training
 * @param shuffle whether training tasks come in an order drawn from the seed, or in the file's
 */
public record Reading(
    @Default(value = "\"stop\"", source = "nothing is lost silently") OnBadLine onBadLine,
    @Default(value = "0.1", source = "leaves nine tenths to training") HeldOut heldOut,
    @Default(value = "true", source = "files are often sorted") boolean shuffle) {

  /** What a bad line does. */
  public enum OnBadLine {
    /** Ends the run with a message. */
    STOP,
    /** Is left out, counted and reported. */
    SKIP
  }
}
