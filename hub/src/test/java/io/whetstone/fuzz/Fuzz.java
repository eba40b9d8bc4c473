package io.whetstone.fuzz;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Gives a reader damaged files: each is read, or refused with one message by an exception of the
 * expected kinds, in bounded time, on a bounded heap, and without the process growing.
 *
 * <pre>{@code
 * Fuzz.of(bytes, directory.resolve("x.gguf")).files(300).refusedBy(CheckpointException.class)
 *     .read(path -> GgufFile.open(path).close());
 * }</pre>
 *
 * Half of them, or a third, are damaged byte by byte, the others by what knows the format: {@link
 * #damagedBy}.
 */
public final class Fuzz {
  /**
   * Far above what a small file needs, even where others have the processor. Counted in looks a
   * second apart: a process that is stopped for a while has not been looked at.
   */
  private static final int SECONDS = 20;

  private static final long ALLOCATED = 64 << 20;

  /** What the process may grow by, all files together: libraries, freed memory that it keeps. */
  private static final long GROWTH = 2L << 30;

  private final byte[] original;
  private final Path path;
  private final List<Damage> damages = new ArrayList<>(List.of(Damage.bytes()));
  private int files = 300;
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
   * What became of the files.
   *
   * @param kinds the messages, numbers and quoted words left out: how many of a reader's checks
   *     were met
   * @param seconds that reading took
   * @param growth of the process's resident memory, bytes; 0 where the system does not say
   */
  public record Result(int files, int refused, Set<String> kinds, double seconds, long growth) {
    @Override
    public String toString() {
      return "%,d damaged files: %,d refused, in %d kinds of message, the others read; %.1f s, memory grew by %d MB"
          .formatted(files, refused, kinds.size(), seconds, growth / 1_000_000);
    }
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

  /** Other ways to damage it, as often as the bytes. */
  public Fuzz damagedBy(Damage... others) {
    damages.addAll(List.of(others));
    return this;
  }

  /** What the reader may throw. */
  public Fuzz refusedBy(Class<?>... kinds) {
    expected = kinds;
    return this;
  }

  /** Reads them all. */
  public Result read(Reader reader) throws Exception {
    reader.read(write(original));
    long before = residentBytes();
    long start = System.nanoTime();
    AtomicInteger file = new AtomicInteger();
    AtomicInteger refused = new AtomicInteger();
    Set<String> kinds = new TreeSet<>();
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread thread =
        Thread.ofPlatform()
            .name("fuzz")
            .daemon()
            .start(
                () -> {
                  try {
                    for (; file.get() < files; file.incrementAndGet()) {
                      if (refuses(reader, damaged(file.get()), kinds)) {
                        refused.incrementAndGet();
                      }
                    }
                  } catch (Throwable e) {
                    failure.set(e);
                  }
                });
    int last = -1;
    for (int looks = 0; !thread.join(Duration.ofSeconds(1)); looks++) {
      if (file.get() != last) {
        last = file.get();
        looks = 0;
      }
      if (looks == SECONDS) {
        fail(
            "file "
                + file
                + ": not read after "
                + SECONDS
                + " s: "
                + Arrays.toString(thread.getStackTrace()));
      }
    }
    if (failure.get() != null) {
      throw new AssertionError("file " + file + ": " + failure.get(), failure.get());
    }
    assertTrue(refused.get() > 0, "no damage was noticed");
    long growth = residentBytes() - before;
    assertTrue(growth < GROWTH, "the process grew by " + growth + " bytes");
    double seconds = (System.nanoTime() - start) / 1e9;
    return new Result(files, refused.get(), kinds, seconds, growth);
  }

  private byte[] damaged(int file) {
    SplittableRandom random = new SplittableRandom(1_000_003 + file);
    return damages.get(random.nextInt(damages.size())).of(original, random);
  }

  private boolean refuses(Reader reader, byte[] damaged, Set<String> kinds) throws Exception {
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
      kinds.add(kind(message));
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

  private String kind(String message) {
    String kind =
        message
            .replace(path.getParent().toString(), "")
            .replaceAll("\"[^\"]*\"|[\\d.,]+", "#")
            .replaceAll("[^\\x20-\\x7e]+", "#");
    return kind.substring(0, Math.min(kind.length(), 80));
  }

  private static long residentBytes() throws IOException {
    Path statistics = Path.of("/proc/self/statm");
    return Files.isReadable(statistics)
        ? 4096 * Long.parseLong(Files.readString(statistics).split(" ")[1])
        : 0;
  }

  private Path write(byte[] bytes) throws Exception {
    return Files.write(path, bytes);
  }
}
