package io.whetstone.hub;

import java.time.Duration;
import java.util.Optional;

/** Counts what failed in a row, and waits longer each time: pause, 2 pauses, 4 pauses, … */
final class Attempts {

  private static final Duration LONGEST_BACKOFF = Duration.ofSeconds(30);

  private final HubSettings settings;
  private final DownloadListener listener;
  private int failed;

  Attempts(HubSettings settings, DownloadListener listener) {
    this.settings = settings;
    this.listener = listener;
  }

  /** Something came through: what failed before no longer counts. */
  void succeeded() {
    failed = 0;
  }

  /**
   * Waits until it may be tried again.
   *
   * @throws HubException if it was tried often enough
   */
  void failed(String what, Throwable cause) {
    wait(what, Optional.empty(), cause);
  }

  /** As above, after an answer that may say how long to wait. */
  void failed(String what, Optional<Duration> asked) {
    wait(what, asked, null);
  }

  private void wait(String what, Optional<Duration> asked, Throwable cause) {
    failed++;
    if (failed >= settings.attempts()) {
      throw HubException.unreachable(
          "%s, tried %d times; check the network and HF_ENDPOINT and start again: what was downloaded is kept"
              .formatted(what, failed),
          cause);
    }
    Duration backoff = settings.pause().multipliedBy(1L << (failed - 1));
    Duration pause =
        asked.orElse(backoff.compareTo(LONGEST_BACKOFF) > 0 ? LONGEST_BACKOFF : backoff);
    listener.note(
        "%s; trying again in %.1f s (%d of %d)"
            .formatted(what, pause.toMillis() / 1000.0, failed, settings.attempts()));
    try {
      Thread.sleep(pause);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HubException("interrupted while waiting to try again: " + what, e);
    }
  }
}
