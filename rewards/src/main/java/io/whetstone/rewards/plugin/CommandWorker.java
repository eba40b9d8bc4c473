package io.whetstone.rewards.plugin;

import io.whetstone.rewards.plugin.CommandProvider.CommandSettings;
import java.time.Duration;

/** Keeps one process of a command alive. Used by one thread at a time. */
final class CommandWorker implements AutoCloseable {

  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

  /** The program did not do its work; the message says how. */
  static final class FailedException extends Exception {
    private final boolean late;

    FailedException(String message, boolean late) {
      super(message);
      this.late = late;
    }

    /** Whether all that is wrong is that no answer came in time. */
    boolean isLate() {
      return late;
    }
  }

  /** Reads an answer; complains of one that is none. */
  interface Reader<T> {
    T read(String line);
  }

  private final CommandSettings settings;
  private volatile RewardProcess process;
  private volatile boolean closed;
  private int failures; // in a row
  private String lastFailure = "";

  CommandWorker(CommandSettings settings) {
    this.settings = settings;
  }

  /**
   * Asks the program, starting it where it does not run.
   *
   * @throws FailedException if it gave no answer; the line is not asked again, since it may be what
   *     the program stumbles over
   */
  <T> T ask(String line, Reader<T> reader) throws FailedException, InterruptedException {
    Duration deadline = settings.lineDeadline();
    if (process == null) {
      start();
      deadline = deadline.plus(settings.startDeadline());
    }
    boolean sound = false;
    try {
      String answer = process.ask(line, deadline);
      if (answer == null) {
        throw new FailedException(
            "%s: no answer within %s seconds%s"
                .formatted(settings.command(), deadline.toMillis() / 1000.0, process.said()),
            true);
      }
      T read = reader.read(answer);
      failures = 0;
      sound = true;
      return read;
    } catch (IllegalArgumentException e) {
      throw failed(e.getMessage()); // its answers no longer belong to what is asked
    } catch (RewardProcess.EndedException e) {
      throw failed(e.getMessage());
    } finally {
      if (!sound) {
        stop();
      }
    }
  }

  private void start() throws FailedException, InterruptedException {
    if (failures > settings.restarts()) {
      throw new FailedException(
          "%s: given up after %d failures in a row; the last: %s"
              .formatted(settings.command(), failures, lastFailure),
          false);
    }
    if (failures > 0) {
      Duration pause = FIRST_PAUSE.multipliedBy(1L << Math.min(10, failures - 1));
      Thread.sleep(pause.compareTo(LONGEST_PAUSE) < 0 ? pause : LONGEST_PAUSE);
    }
    try {
      process = new RewardProcess(settings.command().words());
    } catch (RewardProcess.EndedException e) {
      throw failed(e.getMessage());
    }
    if (closed) {
      stop();
      throw new InterruptedException("closed");
    }
  }

  private FailedException failed(String how) {
    failures++;
    lastFailure = how;
    return new FailedException(settings.command() + ": " + how, false);
  }

  private void stop() {
    RewardProcess running = process;
    process = null;
    if (running != null) {
      running.close();
    }
  }

  /** From any thread. */
  @Override
  public void close() {
    closed = true;
    stop();
  }
}
