package io.whetstone.cpu;

/** The B of products C = A B: a weight or its transpose, laid out when it is first needed. */
interface WeightCopy extends AutoCloseable {
  /** False where rows would depend on their number. */
  default boolean usable() {
    return true;
  }

  /** The master has changed. */
  void refresh();

  /** C = A B, as {@code result} says: C's rows lie cColumns apart. */
  void multiply(long a, int rows, long c, int cColumns, Result result);

  @Override
  void close();
}
