package io.whetstone.hub;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;

/** Closes a stream on which nothing comes for too long, so that its reader wakes up. */
final class StallGuard implements AutoCloseable {

  private final Thread watcher;
  private volatile long last = System.nanoTime();
  private volatile boolean struck;

  StallGuard(InputStream stream, Duration patience) {
    watcher =
        Thread.startVirtualThread(
            () -> {
              try {
                for (long left = patience.toNanos();
                    left > 0;
                    left = last + patience.toNanos() - System.nanoTime()) {
                  Thread.sleep(Duration.ofNanos(left));
                }
                struck = true;
                stream.close();
              } catch (InterruptedException e) {
                // The reader is done.
              } catch (IOException e) {
                // It is closed all the same.
              }
            });
  }

  /** Something came. */
  void alive() {
    last = System.nanoTime();
  }

  /** Whether the stream was closed because nothing came. */
  boolean struck() {
    return struck;
  }

  @Override
  public void close() {
    watcher.interrupt();
  }
}
