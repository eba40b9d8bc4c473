package io.whetstone.hub;

import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Optional;

/**
 * Brings one file's bytes into the cache.
 *
 * <pre>
 * blobs/SHA.incomplete grows, over several attempts and processes if need be
 *   → length and checksum are as listed → fsync → renamed to blobs/SHA
 * </pre>
 */
final class Download {

  private static final int BUFFER = 1 << 20;

  private final HubClient client;
  private final HubSettings settings;
  private final DownloadListener listener;
  private final Meter meter;
  private final HubCache cache;
  private final HubName name;
  private final String commit;
  private final HubFile file;

  /** Bytes that came through at best: a server that always begins anew must not go on for ever. */
  private long furthest;

  Download(
      HubClient client,
      HubSettings settings,
      DownloadListener listener,
      Meter meter,
      HubCache cache,
      HubName name,
      String commit,
      HubFile file) {
    this.client = client;
    this.settings = settings;
    this.listener = listener;
    this.meter = meter;
    this.cache = cache;
    this.name = name;
    this.commit = commit;
    this.file = file;
  }

  /**
   * @throws HubException if the hub does not give the file as it lists it
   * @throws IOException if it cannot be written
   */
  void run() throws IOException {
    Files.createDirectories(cache.blob(file).getParent());
    Runnable waiting =
        () -> listener.note("another process downloads " + shown() + "; waiting for it");
    try (BlobLock _ = BlobLock.take(cache.lock(file), waiting)) {
      if (Files.isRegularFile(cache.blob(file))) {
        meter.found(file.size());
        return;
      }
      Attempts attempts = new Attempts(settings, listener);
      if (!fetched(attempts)) {
        // Once more from the beginning: the bytes may have been hurt on the way.
        listener.note(shown() + " does not have the checksum it should; downloading it again");
        if (!fetched(attempts)) {
          throw new HubException(
              "%s: the hub's bytes do not have the checksum it lists (%s), twice; nothing of it was"
                      .formatted(shown(), file.blob())
                  + " kept; if HF_ENDPOINT is a mirror, try another");
        }
      }
      Files.move(cache.partial(file), cache.blob(file), StandardCopyOption.ATOMIC_MOVE);
    }
  }

  private String shown() {
    return name + "/" + file.path();
  }

  /** Whether all bytes are there and as they should be; if they are not, none are kept. */
  private boolean fetched(Attempts attempts) throws IOException {
    Path partial = cache.partial(file);
    Checksum checksum = new Checksum(file);
    try (FileChannel out =
        FileChannel.open(partial, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      if (out.size() > file.size()) {
        out.truncate(0);
      }
      long had = checksum.update(partial);
      meter.found(had);
      out.position(had);
      while (out.position() < file.size()) {
        checksum = append(out, checksum, attempts);
      }
      out.force(true);
    }
    if (checksum.hex().equals(checksum.expected())) {
      return true;
    }
    Files.delete(partial);
    meter.found(-file.size());
    return false;
  }

  /** One answer's bytes, as far as they come. */
  private Checksum append(FileChannel out, Checksum before, Attempts attempts) throws IOException {
    Checksum checksum = before;
    HttpResponse<InputStream> response = client.open(name, commit, file, out.position(), attempts);
    long begins = begins(response);
    if (begins != out.position()) {
      // The whole file again, or a part we did not ask for.
      meter.found(-out.position());
      out.truncate(0);
      checksum = new Checksum(file);
      if (begins != 0) {
        response.body().close();
        attempts.failed(
            shown() + ": the hub answers with another part than asked for", Optional.empty());
        return checksum;
      }
    }
    byte[] buffer = new byte[BUFFER];
    try (InputStream body = response.body();
        StallGuard guard = new StallGuard(body, settings.patience())) {
      while (true) {
        int n = read(body, buffer, guard, attempts, out.position());
        if (n < 0) {
          return checksum;
        }
        if (out.position() + n > file.size()) {
          out.truncate(0);
          throw new HubException(
              "%s: the hub sends more than the %d bytes it lists; nothing of it was kept"
                  .formatted(shown(), file.size()));
        }
        ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, n);
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        checksum.update(buffer, n);
        meter.received(shown(), n);
        if (out.position() > furthest) {
          furthest = out.position();
          attempts.succeeded();
        }
      }
    }
  }

  /** The next bytes; −1 when no more come, and the rest is to be asked for. */
  private int read(
      InputStream body, byte[] buffer, StallGuard guard, Attempts attempts, long position) {
    try {
      int n = body.read(buffer);
      guard.alive();
      if (n >= 0 || position == file.size()) {
        return n;
      }
      attempts.failed(
          "%s: the hub stops at byte %d of %d".formatted(shown(), position, file.size()),
          Optional.empty());
    } catch (IOException e) {
      Duration patience = settings.patience();
      attempts.failed(
          "%s: %s at byte %d of %d"
              .formatted(
                  shown(),
                  guard.struck()
                      ? "nothing came for " + patience.toSeconds() + " s"
                      : "the connection broke",
                  position,
                  file.size()),
          e);
    }
    return -1;
  }

  /** The offset of an answer's first byte; −1 where it does not say. */
  private static long begins(HttpResponse<?> response) {
    if (response.statusCode() == 200) {
      return 0;
    }
    return response
        .headers()
        .firstValue("Content-Range")
        .filter(range -> range.matches("bytes \\d{1,18}-.*"))
        .map(range -> Long.parseLong(range.substring(6, range.indexOf('-'))))
        .orElse(-1L);
  }
}
