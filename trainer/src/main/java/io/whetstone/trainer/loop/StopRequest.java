package io.whetstone.trainer.loop;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/** Somebody's wish that the run end at the next step's end, with a checkpoint. */
public final class StopRequest {
  private final AtomicReference<String> cause = new AtomicReference<>();

  /** Asks; the first cause stays. May be called from a signal handler's thread. */
  public void request(String why) {
    cause.compareAndSet(null, why);
  }

  /** Who asked, if anybody did. */
  public Optional<String> cause() {
    return Optional.ofNullable(cause.get());
  }
}
