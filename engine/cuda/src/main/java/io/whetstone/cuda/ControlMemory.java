package io.whetstone.cuda;

import io.whetstone.cuda.driver.Driver;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * Small arrays of the host's for kernels: ids, positions, lengths.
 *
 * <p>A ring on the device and its image in page-locked host memory: an array is put into the image
 * and its copy queued, so that nothing waits and nothing is allocated. A half of the image is
 * written again when its copies are done. An address is good until fifteen times as much as the
 * largest array has been put in since, so for the backend call that asked.
 */
final class ControlMemory {
  private static final long FIRST = 1 << 20;
  private static final long ALIGNMENT = 16;

  /** The ring is so many times its largest array. */
  private static final long SHARE = 16;

  private final Driver driver;
  private final WorkQueue queue;
  private final DeviceMemory memory;

  /** Rings that became too small; what was handed out of them may still be read. */
  private final List<DeviceMemory.Block> outgrown = new ArrayList<>();

  private final long[] copied = new long[2];
  private MemorySegment image;
  private DeviceMemory.Block ring;
  private long next;
  private int half;

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
    half = 0;
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

  /** Where in the ring so many bytes go; they never cross from one half into the other. */
  private long reserve(long bytes) {
    queue.enter();
    if (bytes * SHARE > ring.bytes()) {
      grow(bytes * SHARE);
    }
    long middle = ring.bytes() / 2;
    long end = half == 0 ? middle : ring.bytes();
    if (next + bytes > end) {
      driver.record(copied[half], queue.stream());
      half ^= 1;
      next = half == 0 ? 0 : middle;
      driver.await(copied[half]);
    }
    long at = next;
    next += (bytes + ALIGNMENT - 1) & -ALIGNMENT;
    return at;
  }

  private void grow(long bytes) {
    queue.synchronize();
    driver.freePinned(image);
    outgrown.add(ring);
    make(Long.highestOneBit(bytes - 1) << 1);
  }

  private long send(long at, long bytes) {
    if (bytes > 0) {
      driver.copyToDevice(image.address() + at, ring.address() + at, bytes, queue.stream());
    }
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
