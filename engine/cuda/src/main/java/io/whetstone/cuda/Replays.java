package io.whetstone.cuda;

import io.whetstone.cuda.driver.CudaException;
import io.whetstone.cuda.driver.Driver;
import java.util.HashSet;
import java.util.Set;

/**
 * Runs logged work, as a CUDA graph where the same was seen before: decoding queues the same
 * kernels at the same addresses step after step, and a graph costs the host one call instead of
 * hundreds. What changes from step to step, positions and lengths, lies in the device's memory.
 *
 * <p>A graph holds nothing but what the log says, so it stays right whatever its addresses are used
 * for in between.
 */
final class Replays implements AutoCloseable {
  /** Says false to queue everything by itself. */
  static final String PROPERTY = "whetstone.cuda.replay";

  /** Fewer operations are queued as fast by themselves. */
  private static final int FEWEST_OPERATIONS = 8;

  /** Graphs are made of what is seen for the third time: making one costs more than a run. */
  private static final int SIGHTINGS = 3;

  private static final int PLACES = 256;

  /** A graph that was not used for so many runs makes room. */
  private static final long PATIENCE = 64;

  /** What was seen last with a hash of this place. */
  private static final class Seen {
    long hash;
    int sightings;
    long lastRun;

    /** No graph can be made of it. */
    boolean refused;

    /** Null until there is a graph. */
    long[] numbers;

    long executable;
  }

  private final Driver driver;
  private final Seen[] places = new Seen[PLACES];
  private final boolean enabled;

  /** Hashes of the work of which no graph can be made: that is not tried again. */
  private final Set<Long> refused = new HashSet<>();

  private long runs;
  private long replayed;

  Replays(Driver driver, boolean enabled) {
    this.driver = driver;
    this.enabled = enabled;
    for (int i = 0; i < PLACES; i++) {
      places[i] = new Seen();
    }
  }

  /** Queues what the log holds. */
  void run(WorkLog log, long stream) {
    if (!enabled || log.operations() < FEWEST_OPERATIONS) {
      log.run(stream);
      return;
    }
    runs++;
    long hash = log.hash();
    Seen seen = places[(int) (hash >>> 32) & (PLACES - 1)];
    if (seen.hash == hash && seen.numbers != null && log.is(seen.numbers)) {
      seen.lastRun = runs;
      replayed++;
      driver.run(seen.executable, stream);
      return;
    }
    if (seen.hash != hash) {
      if (seen.numbers != null && runs - seen.lastRun < PATIENCE) {
        log.run(stream);
        return;
      }
      forget(seen);
      seen.hash = hash;
      seen.sightings = 0;
      seen.refused = refused.contains(hash);
    }
    seen.sightings++;
    seen.lastRun = runs;
    if (seen.refused || seen.sightings < SIGHTINGS || !capture(seen, log, stream)) {
      log.run(stream);
    }
  }

  /** Makes a graph and runs it; false where that cannot be, and nothing was queued. */
  private boolean capture(Seen seen, WorkLog log, long stream) {
    forget(seen);
    try {
      long graph = graph(log, stream);
      try {
        seen.executable = driver.instantiate(graph);
        seen.numbers = log.numbers();
      } finally {
        driver.destroyGraph(graph);
      }
      driver.run(seen.executable, stream);
    } catch (CudaException | IllegalStateException e) {
      forget(seen);
      refuse(seen, log.operations(), e);
      return false;
    }
    replayed++;
    return true;
  }

  /** What the stream is given while it is captured. */
  private long graph(WorkLog log, long stream) {
    driver.beginCapture(stream);
    try {
      log.run(stream);
    } catch (CudaException | IllegalStateException e) {
      try {
        driver.destroyGraph(driver.endCapture(stream));
      } catch (CudaException ended) {
        e.addSuppressed(ended);
      }
      throw e;
    }
    return driver.endCapture(stream);
  }

  private void refuse(Seen seen, int operations, RuntimeException e) {
    if (refused.isEmpty()) {
      System.err.printf(
          "cuda: no graph can be made of some work that repeats itself (%d operations): %s. It is"
              + " queued kernel by kernel, which costs the host more time; other work keeps its"
              + " graphs. This is said once.%n",
          operations, e.getMessage());
    }
    seen.refused = true;
    refused.add(seen.hash);
  }

  private void forget(Seen seen) {
    if (seen.numbers != null) {
      driver.destroyExecutable(seen.executable);
    }
    seen.numbers = null;
    seen.executable = 0;
  }

  /** Logs that ran as a graph. */
  long replayed() {
    return replayed;
  }

  @Override
  public void close() {
    for (Seen seen : places) {
      forget(seen);
    }
  }
}
