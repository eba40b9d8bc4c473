package io.whetstone.cuda;

import io.whetstone.cuda.driver.Driver;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * Small arrays of the host's for kernels: ids, positions, lengths.
 *
 * <p>A ring on the device and its image in page-locked host memory: an array is put into the image,
 * and crosses the bus with those beside it when the work that reads it is queued; nothing waits and
 * nothing is allocated. A quarter of the image is written again when its copies are done. An
 * address is good until seven times as much as the largest array has been put in since, or the
 * queue has been waited for twice: so for the backend call that asked.
 *
 * <p>After somebody waited, for all work or for what was queued up to some point, it begins again,
 * in the other half: work that repeats itself finds its arrays at the same addresses, even where
 * they have grown a little, and also where a step is queued before the one before it is waited for.
 */
final class ControlMemory {
  private static final long FIRST = 1 << 20;

  /** The ring is so many times its largest array. */
  private static final long SHARE = 16;

  private static final int QUARTERS = 4;

  /** Arrays' places are multiples of a fraction of their size, or of so many bytes. */
  private static final long LEAST_STEP = 256;

  private static final long STEPS = 8;

  private final Driver driver;
  private final WorkQueue queue;
  private final DeviceMemory memory;

  /** Rings that became too small; what was handed out of them may still be read. */
  private final List<DeviceMemory.Block> outgrown = new ArrayList<>();

  /** The events after which a quarter may be written again. */
  private final long[] copied = new long[QUARTERS];

  private MemorySegment image;
  private DeviceMemory.Block ring;
  private long next;
  private int quarter;
  private long waited;

  ControlMemory(Driver driver, WorkQueue queue, DeviceMemory memory) {
    this.driver = driver;
    this.queue = queue;
    this.memory = memory;
    for (int i = 0; i < copied.length; i++) {
      copied[i] = driver.createEvent();
    }
    make(FIRST);
  }

  private void make(long bytes) {
    ring = memory.allocate(bytes, "control");
    image = driver.allocatePinned(bytes);
    next = 0;
    quarter = 0;
    waited = queue.waited();
  }

  /** The device address of a copy of the numbers. */
  long ints(int[] numbers) {
    return ints(numbers, numbers.length);
  }

  /** Of the first {@code count} numbers. */
  long ints(int[] numbers, int count) {
    long at = reserve(4L * count);
    MemorySegment.copy(numbers, 0, image, ValueLayout.JAVA_INT, at, count);
    return send(at, 4L * count);
  }

  /** The device address of a copy of the numbers. */
  long longs(long[] numbers) {
    long at = reserve(8L * numbers.length);
    MemorySegment.copy(numbers, 0, image, ValueLayout.JAVA_LONG, at, numbers.length);
    return send(at, 8L * numbers.length);
  }

  /** The device address of a copy of the numbers. */
  long floats(float[] numbers) {
    long at = reserve(4L * numbers.length);
    MemorySegment.copy(numbers, 0, image, ValueLayout.JAVA_FLOAT, at, numbers.length);
    return send(at, 4L * numbers.length);
  }

  /** The device address of a copy of the numbers. */
  long doubles(double[] numbers) {
    long at = reserve(8L * numbers.length);
    MemorySegment.copy(numbers, 0, image, ValueLayout.JAVA_DOUBLE, at, numbers.length);
    return send(at, 8L * numbers.length);
  }

  /** Where in the ring so many bytes go; they never cross from one quarter into another. */
  private long reserve(long bytes) {
    if (bytes * SHARE > ring.bytes()) {
      grow(bytes * SHARE);
    }
    if (waited != queue.waited()) {
      waited = queue.waited();
      goOnIn(quarter < QUARTERS / 2 ? QUARTERS / 2 : 0);
    }
    long place = place(bytes);
    if (next + place > ring.bytes() / QUARTERS * (quarter + 1)) {
      goOnIn((quarter + 1) % QUARTERS);
    }
    long at = next;
    next += place;
    return at;
  }

  /** Leaves a quarter for another, which is written again once its copies are done. */
  private void goOnIn(int other) {
    driver.record(copied[quarter], queue.stream());
    driver.await(copied[other]);
    quarter = other;
    next = ring.bytes() / QUARTERS * quarter;
  }

  /** The bytes that an array's place has. */
  private static long place(long bytes) {
    long step = Math.max(LEAST_STEP, Long.highestOneBit(bytes) / STEPS);
    return Math.ceilDiv(Math.max(bytes, 1), step) * step;
  }

  private void grow(long bytes) {
    queue.synchronize();
    driver.freePinned(image);
    outgrown.add(ring);
    make(Long.highestOneBit(bytes - 1) << 1);
  }

  private long send(long at, long bytes) {
    queue.send(image.address() + at, ring.address() + at, place(bytes));
    return ring.address() + at;
  }

  void close() {
    queue.synchronize();
    driver.freePinned(image);
    ring.close();
    outgrown.forEach(DeviceMemory.Block::close);
    for (long event : copied) {
      driver.destroyEvent(event);
    }
  }
}
