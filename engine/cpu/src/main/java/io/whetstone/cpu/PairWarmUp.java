package io.whetstone.cpu;

/**
 * Runs {@link PairKernel} aside until the virtual machine has compiled it.
 *
 * <p>Interpreted, its vectors are objects, and it is a hundred times slower than oneDNN's products
 * of the same bits, which are used so long: else the first tokens would take seconds.
 */
final class PairWarmUp {
  private static final int PAIRS = 64;

  /** Some times what a compiled call takes; one that allocates vectors takes longer than this. */
  private static final long QUICK_NANOSECONDS = 20_000;

  /** Quick calls in which no kernel took longer. */
  private static final int ENOUGH = 10;

  /** The compiler has not managed it by then, so oneDNN stays. */
  private static final long PATIENCE_NANOSECONDS = 10_000_000_000L;

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

  /** Waits until it has ended. */
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
      long begin = System.nanoTime();
      while (quick < ENOUGH && System.nanoTime() - begin < PATIENCE_NANOSECONDS && !stopped) {
        long start = System.nanoTime();
        PairKernel.oneRow(x, room.address(), room.address(), PAIRS, sums);
        long second = System.nanoTime();
        PairKernel.fourRows(x, 8L * PAIRS, room.address(), PAIRS, sums, 4L * PairMatrix.COLUMNS);
        long third = System.nanoTime();
        PairKernel.eightRows(x, 8L * PAIRS, room.address(), PAIRS, sums, 4L * PairMatrix.COLUMNS);
        long fourth = System.nanoTime();
        PairKernel.addFourRows(x, 8L * PAIRS, room.address(), PAIRS, sums, 4L * PairMatrix.COLUMNS);
        long last = System.nanoTime() - fourth;
        long longest =
            Math.max(Math.max(last, fourth - third), Math.max(third - second, second - start));
        quick += longest < QUICK_NANOSECONDS ? 1 : 0;
      }
      done = quick == ENOUGH;
    }
  }
}
