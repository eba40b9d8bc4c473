package io.whetstone.checkpoints;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file's bytes, of which some are mapped at a time: what was read is let go, so that a file of
 * weights is not resident beside the weights. For one thread at a time.
 */
public final class FileWindow implements AutoCloseable {
  /** Mapped at once, where no more is asked for. */
  private static final long WINDOW = 32 << 20;

  private final Path path;
  private final FileChannel channel;
  private final long size;
  private Arena arena = Arena.ofShared();
  private MemorySegment window = MemorySegment.NULL;
  private long start;

  private FileWindow(Path path, FileChannel channel) throws IOException {
    this.path = path;
    this.channel = channel;
    size = channel.size();
  }

  public static FileWindow open(Path path) throws IOException {
    FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
    try {
      return new FileWindow(path, channel);
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  /** All bytes of the file, when it was opened. */
  public long size() {
    return size;
  }

  /**
   * The bytes {@code [from, from + count)}, valid until others are asked for.
   *
   * @throws CheckpointException when they cannot be mapped
   */
  public MemorySegment bytes(long from, long count) {
    if (from < start || from + count > start + window.byteSize()) {
      slide(from, Math.min(size - from, Math.max(count, WINDOW)));
    }
    return window.asSlice(from - start, count);
  }

  /** Lets go of what is mapped. */
  public void unmap() {
    arena.close();
    window = MemorySegment.NULL;
    arena = Arena.ofShared();
  }

  private void slide(long from, long count) {
    unmap();
    try {
      window = channel.map(FileChannel.MapMode.READ_ONLY, from, count, arena);
      start = from;
    } catch (IOException e) {
      throw new CheckpointException(path + ": cannot be read: " + e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    arena.close();
    try {
      channel.close();
    } catch (IOException e) {
      // It was only read.
    }
  }
}
