package io.whetstone.cuda;

import io.whetstone.cuda.driver.Driver;
import java.lang.foreign.MemorySegment;

/**
 * What the device is to do, in order: the one stream that everything of a {@link Gpu} goes through.
 *
 * <p>Copies between host and device go through page-locked memory, in pieces, two of them under
 * way: one is filled or emptied while the other crosses the bus.
 */
final class WorkQueue {
  private static final int PIECE = 4 << 20;

  private final Driver driver;
  private final long context;
  private final long stream;
  private final MemorySegment[] pieces = new MemorySegment[2];
  private final long[] crossed = new long[2];
  private int next;
  private Thread entered;

  /** On the context that is current. */
  WorkQueue(Driver driver, long context) {
    this.driver = driver;
    this.context = context;
    this.stream = driver.createStream();
    for (int i = 0; i < pieces.length; i++) {
      crossed[i] = driver.createEvent();
    }
    entered = Thread.currentThread();
  }

  long stream() {
    return stream;
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
  }

  /** Queues a copy on the device; the two must not overlap. */
  void copy(long from, long to, long bytes) {
    if (bytes > 0) {
      enter();
      driver.copy(from, to, bytes, stream);
    }
  }

  /** Queues writing a pattern of four bytes {@code count} times. */
  void fill(long to, int pattern, long count) {
    if (count > 0) {
      enter();
      driver.fill(to, pattern, count, stream);
    }
  }

  /** Queues writing a pattern of two bytes {@code count} times. */
  void fill(long to, short pattern, long count) {
    if (count > 0) {
      enter();
      driver.fill(to, pattern, count, stream);
    }
  }

  /** Queues writing zeros: an even number of bytes. */
  void zero(long to, long bytes) {
    if (to % 4 == 0 && bytes % 4 == 0) {
      fill(to, 0, bytes / 4);
    } else {
      fill(to, (short) 0, bytes / 2);
    }
  }

  /** Waits until everything that was queued is done. */
  void synchronize() {
    enter();
    driver.synchronize(stream);
  }

  /** Waits, then gives the stream back. */
  void close() {
    enter();
    driver.synchronize(stream);
    for (int i = 0; i < pieces.length; i++) {
      driver.destroyEvent(crossed[i]);
      if (pieces[i] != null) {
        driver.freePinned(pieces[i]);
      }
    }
    driver.destroyStream(stream);
  }
}
