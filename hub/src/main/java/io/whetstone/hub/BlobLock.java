package io.whetstone.hub;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Lets one process, and in it one thread, download a blob; the others wait and then find it there.
 * A process that dies lets go.
 */
final class BlobLock implements AutoCloseable {

  private static final long POLL_MILLIS = 100;

  private final FileChannel channel;

  private BlobLock(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Waits for the lock.
   *
   * @param waiting run once, if it has to be waited for
   */
  static BlobLock take(Path file, Runnable waiting) throws IOException {
    Files.createDirectories(file.getParent());
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      boolean said = false;
      while (!locked(channel)) {
        if (!said) {
          waiting.run();
          said = true;
        }
        Thread.sleep(POLL_MILLIS);
      }
      return new BlobLock(channel);
    } catch (InterruptedException e) {
      channel.close();
      Thread.currentThread().interrupt();
      throw new HubException("interrupted while waiting for " + file, e);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private static boolean locked(FileChannel channel) throws IOException {
    try {
      FileLock lock = channel.tryLock();
      return lock != null;
    } catch (OverlappingFileLockException e) {
      return false; // Another thread of this process has it.
    }
  }

  /** Gives the lock back; the file stays, since another may wait for it. */
  @Override
  public void close() throws IOException {
    channel.close();
  }
}
