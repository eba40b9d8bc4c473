package io.whetstone.cuda;

/**
 * Blocks for a grid-stride loop over the vectors of an array: as many as keep a GPU busy. Results
 * never depend on how many there are.
 */
final class FlatGrid {
  static final int THREADS = 256;

  /** So many blocks of {@value #THREADS} threads fill a multiprocessor about twice. */
  private static final int BLOCKS_PER_MULTIPROCESSOR = 16;

  private FlatGrid() {}

  /**
   * @param width elements a thread takes at once
   */
  static int blocks(Gpu gpu, long size, int width) {
    long needed = Math.ceilDiv(size, (long) width * THREADS);
    return (int) Math.min(needed, (long) gpu.multiprocessors() * BLOCKS_PER_MULTIPROCESSOR);
  }
}
