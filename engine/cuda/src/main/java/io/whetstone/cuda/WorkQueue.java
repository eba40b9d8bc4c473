package io.whetstone.cuda;

import io.whetstone.cuda.driver.Driver;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * What the device is to do, in order: the one stream that everything of a {@link Gpu} goes through.
 *
 * <p>Kernels, products, fills and copies on the device are noted down first, and go to the device
 * when there are many, or when somebody waits: so {@link Replays} sees what repeats itself.
 *
 * <p>Copies between host and device go through page-locked memory, in pieces, two of them under
 * way: one is filled or emptied while the other crosses the bus.
 */
final class WorkQueue {
  private static final int PIECE = 4 << 20;

  /** The device begins with what is noted down when it is so much. */
  private static final int MOST_NOTED = 512;

  private final Driver driver;
  private final long context;
  private final long stream;
  private final MemorySegment[] pieces = new MemorySegment[2];
  private final long[] crossed = new long[2];
  private final WorkLog log;
  private final Replays replays;
  private final boolean waits;
  private int next;
  private long sentFrom;
  private long sentTo;
  private long sentBytes;
  private long waited;
  private Thread entered;

  /**
   * On the context that is current.
   *
   * @param arena outlives the queue
   * @param waits whether every kernel is waited for
   */
  WorkQueue(Driver driver, long context, Arena arena, boolean waits) {
    this.driver = driver;
    this.context = context;
    this.waits = waits;
    this.stream = driver.createStream();
    log = new WorkLog(driver, arena);
    replays =
        new Replays(driver, !waits && !System.getProperty(Replays.PROPERTY, "").equals("false"));
    for (int i = 0; i < pieces.length; i++) {
      crossed[i] = driver.createEvent();
    }
    entered = Thread.currentThread();
  }

  /** The stream, with everything queued that was noted down, for the calling thread to use. */
  long stream() {
    flush();
    enter();
    return stream;
  }

  WorkLog log() {
    return log;
  }

  Replays replays() {
    return replays;
  }

  /** How often somebody waited. */
  long waited() {
    return waited;
  }

  /** Queues what was noted down. */
  void flush() {
    if (log.operations() == 0 && sentBytes == 0) {
      return;
    }
    enter();
    if (sentBytes > 0) {
      log.sendFirst(sentFrom, sentTo, sentBytes);
      sentBytes = 0;
    }
    try {
      replays.run(log, stream);
    } finally {
      log.clear();
    }
  }

  /** To be called when an operation was noted down. */
  private void noted() {
    if (log.operations() >= MOST_NOTED) {
      flush();
    }
  }

  /** Notes down a kernel: see {@link Kernel}. */
  void launch(
      int kernel,
      int gridX,
      int gridY,
      int threads,
      int sharedBytes,
      long[] arguments,
      int argumentCount) {
    log.launch(kernel, gridX, gridY, threads, sharedBytes, arguments, argumentCount);
    if (waits) {
      synchronize();
    } else {
      noted();
    }
  }

  /** Notes down a product: see {@link MatrixProduct}. */
  void multiply(int product, long[] described) {
    log.multiply(product, described);
    noted();
  }

  /**
   * Copies page-locked memory to the device before what is noted down: it must not change before
   * that has run. Pieces that follow each other cross the bus together.
   */
  void send(long from, long to, long bytes) {
    if (sentBytes > 0 && (from != sentFrom + sentBytes || to != sentTo + sentBytes)) {
      flush();
    }
    if (sentBytes == 0) {
      sentFrom = from;
      sentTo = to;
    }
    sentBytes += bytes;
  }

  /** Makes the context the calling thread's, where another thread called last. */
  void enter() {
    if (entered != Thread.currentThread()) {
      driver.enter(context);
      entered = Thread.currentThread();
    }
  }

  private MemorySegment piece(int i) {
    if (pieces[i] == null) {
      pieces[i] = driver.allocatePinned(PIECE);
    }
    return pieces[i];
  }

  /** What a writer puts into host memory that is then copied. */
  interface Filler {
    /** Writes the bytes [from, from + to.byteSize()) of the whole. */
    void fill(long from, MemorySegment to);
  }

  /** Copies what a filler writes, piece by piece; pieces are multiples of {@code unit} bytes. */
  void copyToDevice(Filler from, long to, long bytes, int unit) {
    flush();
    enter();
    long most = PIECE / unit * (long) unit;
    for (long done = 0; done < bytes; done += most) {
      long count = Math.min(most, bytes - done);
      MemorySegment piece = piece(next).asSlice(0, count);
      driver.await(crossed[next]);
      from.fill(done, piece);
      driver.copyToDevice(piece.address(), to + done, count, stream);
      driver.record(crossed[next], stream);
      next ^= 1;
    }
  }

  /** Queues a copy; the host's memory may be changed when it returns. */
  void copyToDevice(MemorySegment from, long to) {
    copyToDevice(
        (at, piece) -> piece.copyFrom(from.asSlice(at, piece.byteSize())), to, from.byteSize(), 1);
  }

  /** Copies to the host, and waits. */
  void copyToHost(long from, MemorySegment to) {
    flush();
    enter();
    long bytes = to.byteSize();
    long queued = 0;
    long done = 0;
    while (done < bytes) {
      while (queued < bytes && queued - done < 2L * PIECE) {
        long count = Math.min(PIECE, bytes - queued);
        int slot = (int) (queued / PIECE % 2);
        driver.await(crossed[slot]);
        driver.copyToHost(from + queued, piece(slot).address(), count, stream);
        driver.record(crossed[slot], stream);
        queued += count;
      }
      long count = Math.min(PIECE, bytes - done);
      int slot = (int) (done / PIECE % 2);
      driver.await(crossed[slot]);
      to.asSlice(done, count).copyFrom(piece(slot).asSlice(0, count));
      done += count;
    }
    if (bytes > 0) {
      waited++;
    }
  }

  /** Queues a copy to page-locked memory, and has the event happen when it is done. */
  void copyToHost(long from, MemorySegment pinned, long event) {
    flush();
    enter();
    driver.copyToHost(from, pinned.address(), pinned.byteSize(), stream);
    driver.record(event, stream);
  }

  /** Waits for an event, and so for all that was queued before it. */
  void await(long event) {
    enter();
    driver.await(event);
    waited++;
  }

  /** Copies on the device; the two must not overlap. */
  void copy(long from, long to, long bytes) {
    if (bytes > 0) {
      log.copy(from, to, bytes);
      noted();
    }
  }

  /** Writes a pattern of four bytes {@code count} times. */
  void fill(long to, int pattern, long count) {
    if (count > 0) {
      log.fill(to, pattern, count);
      noted();
    }
  }

  /** Writes a pattern of two bytes {@code count} times. */
  void fill(long to, short pattern, long count) {
    if (count > 0) {
      log.fillHalf(to, pattern, count);
      noted();
    }
  }

  /** Writes zeros: an even number of bytes. */
  void zero(long to, long bytes) {
    if (to % 4 == 0 && bytes % 4 == 0) {
      fill(to, 0, bytes / 4);
    } else {
      fill(to, (short) 0, bytes / 2);
    }
  }

  /** Waits until everything is done. */
  void synchronize() {
    flush();
    enter();
    driver.synchronize(stream);
    waited++;
  }

  /** Waits, then gives the stream back. */
  void close() {
    synchronize();
    replays.close();
    for (int i = 0; i < pieces.length; i++) {
      driver.destroyEvent(crossed[i]);
      if (pieces[i] != null) {
        driver.freePinned(pieces[i]);
      }
    }
    driver.destroyStream(stream);
  }
}
