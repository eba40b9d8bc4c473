package io.whetstone.fuzz;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Gives a reader damaged files: each is read, or refused with one message by an exception of the
 * expected kinds, in bounded time and on a bounded heap.
 *
 * <pre>{@code
 * Fuzz.of(bytes, directory.resolve("x.gguf")).files(300).refusedBy(CheckpointException.class)
 *     .read(path -> GgufFile.open(path).close());
 * }</pre>
 */
public final class Fuzz {
  /** Far above what a small file needs, even where others have the processor. */
  private static final Duration LIMIT = Duration.ofSeconds(20);

  private static final long ALLOCATED = 64 << 20;

  private final byte[] original;
  private final Path path;
  private int files = 300;
  private long seed = 1;
  private Class<?>[] expected = {};

  private Fuzz(byte[] original, Path path) {
    this.original = original;
    this.path = path;
  }

  /** What reads a file; it must close what it opens. */
  @FunctionalInterface
  public interface Reader {
    void read(Path file) throws Exception;
  }

  /**
   * @param original a good file
   * @param path where its damaged copies are written, one after the other
   */
  public static Fuzz of(byte[] original, Path path) {
    return new Fuzz(original, path);
  }

  /** How many damaged files; 300 otherwise. */
  public Fuzz files(int count) {
    files = count;
    return this;
  }

  /** Other seeds give other files. */
  public Fuzz seed(long other) {
    seed = other;
    return this;
  }

  /** What the reader may throw. */
  public Fuzz refusedBy(Class<?>... kinds) {
    expected = kinds;
    return this;
  }

  /**
   * Reads them all.
   *
   * @return how many were refused
   */
  public int read(Reader reader) throws Exception {
    reader.read(write(original));
    AtomicReference<String> doing = new AtomicReference<>("the first file");
    AtomicReference<Throwable> failure = new AtomicReference<>();
    int[] refused = new int[1];
    long[] done = new long[1];
    Thread thread =
        Thread.ofPlatform()
            .name("fuzz")
            .daemon()
            .start(
                () -> {
                  try {
                    for (int i = 0; i < files; i++) {
                      doing.set("file " + i + " of seed " + seed);
                      byte[] damaged =
                          Mutations.of(original, new SplittableRandom(seed * 1_000_003 + i));
                      refused[0] += refuses(reader, damaged) ? 1 : 0;
                      done[0]++;
                    }
                  } catch (Throwable e) {
                    failure.set(e);
                  }
                });
    for (long before = -1; thread.isAlive(); before = done[0]) {
      thread.join(LIMIT);
      if (thread.isAlive() && done[0] == before) {
        fail(doing + ": not read after " + LIMIT + ": " + Arrays.toString(thread.getStackTrace()));
      }
    }
    if (failure.get() != null) {
      throw new AssertionError(doing + ": " + failure.get(), failure.get());
    }
    assertTrue(refused[0] > 0, "no damage was noticed");
    return refused[0];
  }

  private boolean refuses(Reader reader, byte[] damaged) throws Exception {
    write(damaged);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    boolean refused = false;
    try {
      reader.read(path);
    } catch (Exception e) {
      if (Arrays.stream(expected).noneMatch(kind -> kind.isInstance(e))) {
        throw e;
      }
      refused = true;
      String message = e.getMessage();
      assertTrue(message != null && !message.isBlank(), "refused without a message");
      assertTrue(message.length() < 10_000, "a message of " + message.length() + " characters");
    }
    long allocated = threads.getCurrentThreadAllocatedBytes() - before;
    assertTrue(
        allocated < ALLOCATED + 64L * original.length,
        "it allocated "
            + allocated
            + " bytes for "
            + damaged.length
            + " bytes that begin "
            + HexFormat.of().formatHex(damaged, 0, Math.min(64, damaged.length)));
    return refused;
  }

  private Path write(byte[] bytes) throws Exception {
    return Files.write(path, bytes);
  }
}
