package io.whetstone.cuda;

import io.whetstone.cuda.driver.CudaException;
import io.whetstone.cuda.driver.Driver;

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

    /** Null until there is a graph. */
    long[] numbers;

    long executable;
  }

  private final Driver driver;
  private final Seen[] places = new Seen[PLACES];
  private boolean enabled;
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
    }
    seen.sightings++;
    seen.lastRun = runs;
    if (seen.sightings < SIGHTINGS || !capture(seen, log, stream)) {
      log.run(stream);
    }
  }

  /** Makes a graph and runs it; false where that cannot be, and nothing was queued. */
  private boolean capture(Seen seen, WorkLog log, long stream) {
    long graph = 0;
    try {
      driver.beginCapture(stream);
      try {
        log.run(stream);
      } finally {
        graph = driver.endCapture(stream);
      }
      seen.executable = driver.instantiate(graph);
      seen.numbers = log.numbers();
    } catch (CudaException e) {
      enabled = false;
      System.err.println(
          "cuda: repeated work is queued kernel by kernel, as no graph can be made of it: "
              + e.getMessage());
      return false;
    } finally {
      if (graph != 0) {
        driver.destroyGraph(graph);
      }
    }
    replayed++;
    driver.run(seen.executable, stream);
    return true;
  }

  private void forget(Seen seen) {
    if (seen.numbers != null) {
      driver.destroyExecutable(seen.executable);
    }
    seen.numbers = null;
    seen.executable = 0;
    seen.sightings = 0;
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
