package io.whetstone.cpu;

/**
 * Runs {@link PairKernel} aside until the virtual machine has compiled it.
 *
 * <p>Interpreted, its vectors are objects, and it is a hundred times slower than oneDNN's products
 * of the same bits, which are used so long: else the first tokens would take seconds.
 */
final class PairWarmUp {
  private static final int PAIRS = 64;

  /** Twenty times what a compiled call takes; the first compiler's takes longer than this. */
  private static final long QUICK_NANOSECONDS = 20_000;

  /** Quick calls in which no kernel took longer. */
  private static final int ENOUGH = 10;

  /** It is used all the same from then on. */
  private static final int MOST_CALLS = 200_000;

  private final Thread thread = new Thread(this::run, "whetstone-warm-up");
  private volatile boolean done;
  private volatile boolean stopped;

  /** Starts it. */
  PairWarmUp() {
    thread.setDaemon(true);
    thread.start();
  }

  boolean done() {
    return done;
  }

  /** Waits until it is done. */
  void await() {
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  void stop() {
    stopped = true;
  }

  private void run() {
    long block = PairMatrix.blockBytes(2 * PAIRS);
    long bytes = block + 8 * (8L * PAIRS + 4 * PairMatrix.COLUMNS);
    try (Allocation room = new Allocation(bytes, "a kernel's warm-up")) {
      Memory.zero(room.address(), bytes);
      long x = room.address() + block;
      long sums = x + 64L * PAIRS;
      int quick = 0;
      for (int call = 0; quick < ENOUGH && call < MOST_CALLS && !stopped; call++) {
        long start = System.nanoTime();
        PairKernel.oneRow(x, room.address(), room.address(), PAIRS, sums);
        long second = System.nanoTime();
        PairKernel.fourRows(x, 8L * PAIRS, room.address(), PAIRS, sums, 4L * PairMatrix.COLUMNS);
        long third = System.nanoTime();
        PairKernel.eightRows(x, 8L * PAIRS, room.address(), PAIRS, sums, 4L * PairMatrix.COLUMNS);
        long longest =
            Math.max(System.nanoTime() - third, Math.max(third - second, second - start));
        quick += longest < QUICK_NANOSECONDS ? 1 : 0;
      }
    }
    done = true;
  }
}
