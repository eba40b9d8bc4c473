package io.whetstone.trainer.algorithm;

/** How a standard deviation is computed from n values. */
public enum Deviation {
  /** Squares divided by n − 1. */
  SAMPLE,
  /** Squares divided by n. */
  POPULATION
}
