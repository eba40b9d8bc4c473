package io.whetstone.trainer.run;

import io.whetstone.hub.DownloadListener;
import io.whetstone.hub.Hub;
import io.whetstone.hub.HubSettings;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;

/**
 * Says how downloads go: {@code Qwen/Qwen2.5-0.5B/model.safetensors 312 of 988 MB, 48.1 MB/s, 0:14
 * left}. On a terminal the line is drawn over, elsewhere there is one every ten seconds.
 */
public final class HubProgress implements DownloadListener {
  private static final long TERMINAL_NANOS = 200_000_000L;
  private static final long PLAIN_NANOS = 10_000_000_000L;

  private final PrintStream err;
  private final boolean drawn;
  private long last;
  private int width;

  HubProgress(PrintStream err, boolean drawn) {
    this.err = err;
    this.drawn = drawn;
    this.last = System.nanoTime() - (drawn ? TERMINAL_NANOS : 0);
  }

  /** The hub and the cache that the process's environment names; downloads are told of here. */
  public static Hub hub() {
    Terminal terminal = Terminal.standardError(System.getenv());
    return new Hub(
        HubSettings.of(System.getenv(), Path.of(System.getProperty("user.home"))),
        new HubProgress(System.err, terminal.interactive()));
  }

  @Override
  public synchronized void progress(String file, long done, long total, double bytesPerSecond) {
    long now = System.nanoTime();
    if (now - last < (drawn ? TERMINAL_NANOS : PLAIN_NANOS) && done < total) {
      return;
    }
    last = now;
    line(words(file, done, total, bytesPerSecond));
  }

  static String words(String file, long done, long total, double bytesPerSecond) {
    String words =
        String.format(Locale.ROOT, "%s %,d of %,d MB", file, megabytes(done), megabytes(total));
    if (bytesPerSecond <= 0) {
      return words;
    }
    Duration left = Duration.ofSeconds(Math.round((total - done) / bytesPerSecond));
    return words
        + String.format(
            Locale.ROOT, ", %.1f MB/s, %s left", bytesPerSecond / 1e6, ProgressLine.clock(left, 1));
  }

  private static long megabytes(long bytes) {
    return Math.ceilDiv(bytes, 1_000_000);
  }

  private void line(String words) {
    if (drawn) {
      err.print("\r" + words + " ".repeat(Math.max(0, width - words.length())));
      err.flush();
      width = words.length();
    } else {
      err.println(words);
    }
  }

  private void endLine() {
    if (width > 0) {
      err.println();
      width = 0;
    }
  }

  @Override
  public synchronized void note(String what) {
    endLine();
    err.println(what);
  }

  @Override
  public synchronized void done(String repository, long bytes) {
    endLine();
    err.printf(Locale.ROOT, "%s: %,d MB downloaded%n", repository, megabytes(bytes));
  }
}
