package io.whetstone.cpu;

/**
 * Turns attention's products into weights, some rows at a time.
 *
 * <p>What is to be done with each row stands in a table, so that one call does them all.
 */
interface SoftmaxKernel {
  /** From a row's record to the next one's, in bytes. */
  long RECORD = 80;

  /** Where a record has the address of its row's first vector. */
  long ROW = 0;

  /** Where it has the address of the first vector of the row of gradients that belongs to it. */
  long SLOPES = 8;

  /** Where it has how many vectors there are before those that are seen. */
  long BEFORE = 16;

  /** Where it has how many vectors are seen, at least 1. */
  long SEEN = 24;

  /** Where it has how many there are behind them. */
  long AFTER = 32;

  /** Where it has which lanes of the first vector that is seen count, a bit each. */
  long FIRST = 40;

  /** Where it has which lanes of the last one count. */
  long LAST = 48;

  /** Where it has from the first to the last vector that is seen, in bytes. */
  long DISTANCE = 56;

  /** Where it has a row's log Σ exp, and right behind it what is taken from its gradients. */
  long LOG = 64;

  /** The fastest there is on this machine. */
  static SoftmaxKernel forThisMachine() {
    return SoftmaxCode.forThisMachine()
        .map(code -> (SoftmaxKernel) code)
        .orElseGet(SoftmaxVectors::new);
  }

  /**
   * p = exp(factor · s − max), 0 where nothing is seen, in place of s.
   *
   * <p>The sum goes over the lanes of a row's vectors in order, then as a tree over the lanes.
   *
   * @param numbers where the factor stands, &gt; 0
   * @param maxes where each row's max of factor · s goes
   * @param totals where each row's Σ p goes
   */
  void exponentials(long table, int rows, long numbers, long maxes, long totals);

  /**
   * p = exp(factor · s − log) in place of s, and scale · p · (d − mean) · (1 + bend (factor · s)²)
   * in place of d; both 0 where nothing is seen.
   *
   * @param numbers where factor, scale and bend stand, one after the other
   */
  void gradients(long table, int rows, long numbers);
}
