package io.whetstone.hub;

/** How much of a download is done, and how fast the last seconds were. */
final class Meter {

  private static final long WINDOW_NANOS = 2_000_000_000L;
  private static final long REPORT_NANOS = 200_000_000L;

  private final DownloadListener listener;
  private final long total;
  private long done;
  private long windowStart = System.nanoTime();
  private long windowDone;
  private double speed;
  private long reported;

  /**
   * @param total bytes to be downloaded
   */
  Meter(DownloadListener listener, long total) {
    this.listener = listener;
    this.total = total;
    this.reported = windowStart - REPORT_NANOS;
  }

  /** Bytes that came over the network. */
  void received(String file, long bytes) {
    done += bytes;
    windowDone += bytes;
    long now = System.nanoTime();
    if (now - windowStart >= WINDOW_NANOS) {
      speed = windowDone / ((now - windowStart) * 1e-9);
      windowStart = now;
      windowDone = 0;
    }
    if (now - reported >= REPORT_NANOS || done == total) {
      reported = now;
      listener.progress(file, done, total, speed);
    }
  }

  /** Bytes that were there already; negative for some that turned out to be no good. */
  void found(long bytes) {
    done += bytes;
  }
}
