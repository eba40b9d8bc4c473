package io.whetstone.cuda;

import io.whetstone.cuda.driver.CudaException;
import io.whetstone.cuda.driver.Driver;
import io.whetstone.tensor.DeviceRoom;
import io.whetstone.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * The device's memory, from its stream-ordered pool: what is freed is used again by what is queued
 * later, without waiting. It knows who holds how much, for when there is not enough.
 */
final class DeviceMemory {
  /** Allocations start on such a boundary. */
  static final int ALIGNMENT = 256;

  /** What is held for a purpose, and the setting that makes it smaller. */
  private static final Map<String, String> SETTINGS =
      Map.of(
          "activations", "lower micro-batch-tokens, or set recompute-activations: true",
          "key-value cache", "let fewer or shorter sequences decode together",
          "averaged policy", "set offload: [average], or leave average out",
          "optimizer",
              "set offload: [optimizer] or the stage's moments: eight-bit, or train adapters alone"
                  + " (model.lora)",
          "gradients", "train adapters alone (model.lora)",
          "weights", "set precision: bf16, train adapters alone (model.lora), or quantise them",
          "weights for products", "train adapters alone (model.lora), or take a smaller model",
          "reference weights", "set offload: [reference], or train adapters alone (model.lora)");

  private final Driver driver;
  private final WorkQueue queue;
  private final long pool;
  private final Map<String, Long> held = new TreeMap<>();

  DeviceMemory(Driver driver, int device, WorkQueue queue) {
    this.driver = driver;
    this.queue = queue;
    this.pool = driver.keepFreedMemory(device);
  }

  /** Where a tensor's first element lies on the device. */
  static long address(Tensor tensor) {
    return tensor.memory().address();
  }

  /** A piece of the device's memory, with undefined contents. */
  final class Block implements AutoCloseable {
    private final long address;
    private final long bytes;
    private final String purpose;

    /** What it is of the host's memory; null where it is the device's. */
    private final MemorySegment host;

    private boolean closed;

    private Block(long address, long bytes, String purpose, MemorySegment host) {
      this.address = address;
      this.bytes = bytes;
      this.purpose = purpose;
      this.host = host;
    }

    long address() {
      return address;
    }

    long bytes() {
      return bytes;
    }

    /** Frees it for what is queued from now on. */
    @Override
    public void close() {
      if (!closed) {
        closed = true;
        if (host == null) {
          held.merge(purpose, -bytes, Long::sum);
          driver.free(address, queue.stream());
        } else {
          queue.synchronize();
          driver.freePinned(host);
        }
      }
    }
  }

  /**
   * Allocates memory.
   *
   * @param purpose what it is for, named when there is not enough
   * @throws OutOfMemoryError that names the largest holder and how it gets smaller
   */
  Block allocate(long bytes, String purpose) {
    long rounded = Math.max(ALIGNMENT, (bytes + ALIGNMENT - 1) & -ALIGNMENT);
    queue.enter();
    long address = driver.allocate(rounded, queue.stream());
    if (address == 0) {
      queue.synchronize();
      trim();
      address = driver.allocate(rounded, queue.stream());
    }
    if (address == 0) {
      throw new OutOfMemoryError(shortage(rounded, purpose));
    }
    held.merge(purpose, rounded, Long::sum);
    return new Block(address, rounded, purpose, null);
  }

  /**
   * Allocates page-locked memory of the host's, which kernels read and write over the bus.
   *
   * @param purpose what it is for, named when there is not enough
   */
  Block allocateOnHost(long bytes, String purpose) {
    try {
      MemorySegment host = driver.allocatePinned(bytes);
      return new Block(host.address(), bytes, purpose, host);
    } catch (CudaException e) {
      if (e.code() == Driver.OUT_OF_MEMORY) {
        throw new OutOfMemoryError(
            "the host's memory is too small: %s needs %s more that is page-locked"
                .formatted(purpose, size(bytes)));
      }
      throw e;
    }
  }

  /** The device's memory, now: what the pool keeps for the next allocation is free. */
  DeviceRoom room() {
    long[] freeAndTotal = driver.memory();
    return new DeviceRoom(freeAndTotal[0] + driver.unused(pool), freeAndTotal[1]);
  }

  /** Gives what is freed back to the device, for other processes. */
  void trim() {
    driver.trim(pool);
  }

  /** Bytes held now, by purpose. */
  Map<String, Long> held() {
    Map<String, Long> now = new TreeMap<>(held);
    now.values().removeIf(bytes -> bytes == 0);
    return now;
  }

  private String shortage(long bytes, String purpose) {
    DeviceRoom room = room();
    String message =
        "the GPU's memory is too small: %s needs %s more, and %s of %s are free"
            .formatted(purpose, size(bytes), size(room.free()), size(room.total()));
    return held().entrySet().stream()
        .max(Map.Entry.comparingByValue(Comparator.naturalOrder()))
        .map(
            largest ->
                "%s. The largest holder is %s with %s: %s"
                    .formatted(
                        message,
                        largest.getKey(),
                        size(largest.getValue()),
                        SETTINGS.getOrDefault(
                            largest.getKey(), "take shorter sequences, or fewer at once")))
        .orElse(message);
  }

  /** {@code 1.5 GiB}, {@code 20.0 MiB}. */
  private static String size(long bytes) {
    return bytes >= 1L << 30
        ? String.format(Locale.ROOT, "%.1f GiB", bytes / (double) (1L << 30))
        : String.format(Locale.ROOT, "%.1f MiB", bytes / (double) (1L << 20));
  }
}
