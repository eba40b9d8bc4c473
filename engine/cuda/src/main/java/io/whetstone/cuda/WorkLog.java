package io.whetstone.cuda;

import io.whetstone.cuda.driver.CudaException;
import io.whetstone.cuda.driver.Driver;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Work that is noted down before it is queued: kernels with their arguments, products, copies and
 * fills, in order, as numbers. Two logs with the same numbers are the same work.
 *
 * <p>Noting down allocates nothing, once the log has grown.
 */
final class WorkLog {
  private static final int SEND = 1;
  private static final int KERNEL = 2;
  private static final int PRODUCT = 3;
  private static final int FILL = 4;
  private static final int FILL_HALF = 5;
  private static final int COPY = 6;

  /** Numbers of a send, which is kept free at the beginning. */
  private static final int SEND_WORDS = 4;

  /** Numbers of a product: see {@link MatrixProduct}. */
  static final int PRODUCT_WORDS = 16;

  private final Driver driver;
  private final List<Kernel> kernels = new ArrayList<>();
  private final List<MatrixProduct> products = new ArrayList<>();

  /** A kernel's arguments, eight bytes each, then their addresses. */
  private final MemorySegment arguments;

  private final long addresses;
  private long[] words = new long[1 << 14];
  private int first = SEND_WORDS;
  private int end = SEND_WORDS;
  private int operations;

  /**
   * @param arena outlives the log
   */
  WorkLog(Driver driver, Arena arena) {
    this.driver = driver;
    int most = Kernel.MOST_ARGUMENTS;
    arguments = arena.allocate(16L * most, Long.BYTES);
    addresses = arguments.address() + 8L * most;
    for (int i = 0; i < most; i++) {
      long address = arguments.address() + 8L * i;
      arguments.setAtIndex(ValueLayout.JAVA_LONG, most + i, address);
    }
  }

  /** The number that stands for a kernel. */
  int register(Kernel kernel) {
    kernels.add(kernel);
    return kernels.size() - 1;
  }

  /** The number that stands for a product. */
  int register(MatrixProduct product) {
    products.add(product);
    return products.size() - 1;
  }

  int operations() {
    return operations;
  }

  void clear() {
    first = SEND_WORDS;
    end = SEND_WORDS;
    operations = 0;
  }

  private int room(int count) {
    if (end + count > words.length) {
      words = Arrays.copyOf(words, Math.max(2 * words.length, end + count));
    }
    int at = end;
    end += count;
    operations++;
    return at;
  }

  /** What is done before all else: a copy from the host's page-locked memory. */
  void sendFirst(long from, long to, long bytes) {
    first = 0;
    words[0] = SEND;
    words[1] = from;
    words[2] = to;
    words[3] = bytes;
    operations++;
  }

  void launch(
      int kernel,
      int gridX,
      int gridY,
      int threads,
      int sharedBytes,
      long[] arguments,
      int argumentCount) {
    int at = room(4 + argumentCount);
    words[at] = KERNEL | (long) kernel << 8;
    words[at + 1] = gridX | (long) gridY << 32;
    words[at + 2] = threads | (long) sharedBytes << 32;
    words[at + 3] = argumentCount;
    System.arraycopy(arguments, 0, words, at + 4, argumentCount);
  }

  /**
   * @param described {@link #PRODUCT_WORDS} numbers, the first free
   */
  void multiply(int product, long[] described) {
    int at = room(PRODUCT_WORDS);
    System.arraycopy(described, 0, words, at, PRODUCT_WORDS);
    words[at] = PRODUCT | (long) product << 8;
  }

  void fill(long to, int pattern, long count) {
    put(FILL, to, pattern, count);
  }

  void fillHalf(long to, short pattern, long count) {
    put(FILL_HALF, to, pattern, count);
  }

  void copy(long from, long to, long bytes) {
    put(COPY, from, to, bytes);
  }

  private void put(int kind, long a, long b, long c) {
    int at = room(4);
    words[at] = kind;
    words[at + 1] = a;
    words[at + 2] = b;
    words[at + 3] = c;
  }

  /** Of all numbers in their order. */
  long hash() {
    long hash = end - first;
    for (int i = first; i < end; i++) {
      hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15L;
      hash ^= hash >>> 32;
    }
    return hash;
  }

  long[] numbers() {
    return Arrays.copyOfRange(words, first, end);
  }

  boolean is(long[] numbers) {
    return Arrays.equals(words, first, end, numbers, 0, numbers.length);
  }

  /** Queues everything. */
  void run(long stream) {
    int at = first;
    while (at < end) {
      int kind = (int) (words[at] & 0xff);
      switch (kind) {
        case KERNEL -> at = launch(at, stream);
        case PRODUCT -> {
          products.get((int) (words[at] >>> 8)).run(words, at, stream);
          at += PRODUCT_WORDS;
        }
        case SEND -> {
          driver.copyToDevice(words[at + 1], words[at + 2], words[at + 3], stream);
          at += SEND_WORDS;
        }
        case FILL -> {
          driver.fill(words[at + 1], (int) words[at + 2], words[at + 3], stream);
          at += 4;
        }
        case FILL_HALF -> {
          driver.fill(words[at + 1], (short) words[at + 2], words[at + 3], stream);
          at += 4;
        }
        case COPY -> {
          driver.copy(words[at + 1], words[at + 2], words[at + 3], stream);
          at += 4;
        }
        default -> throw new AssertionError(kind);
      }
    }
  }

  private int launch(int at, long stream) {
    Kernel kernel = kernels.get((int) (words[at] >>> 8));
    int gridX = (int) words[at + 1];
    int gridY = (int) (words[at + 1] >>> 32);
    int threads = (int) words[at + 2];
    int sharedBytes = (int) (words[at + 2] >>> 32);
    int count = (int) words[at + 3];
    MemorySegment.copy(words, at + 4, arguments, ValueLayout.JAVA_LONG, 0, count);
    try {
      driver.launch(kernel.function(), gridX, gridY, threads, sharedBytes, stream, addresses);
    } catch (CudaException e) {
      throw kernel.failure(gridX, gridY, threads, sharedBytes, e);
    }
    return at + 4 + count;
  }
}
