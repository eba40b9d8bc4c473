package io.whetstone.cpu;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Shape;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * A workspace over blocks of native memory, each larger than the one before. Where it grew since
 * the last reset, the next reset makes one block of them, as large as what was used at most: blocks
 * have ends that nothing fits in.
 */
final class NativeWorkspace implements Workspace {
  private static final long FIRST_BLOCK = 1 << 20;
  private static final long LARGEST_GROWTH = 256 << 20;

  /** A mark is the index of a block, above this many bits for the offset in it. */
  private static final int OFFSET_BITS = 44;

  private static final class Block {
    final Allocation memory;

    /** Bytes handed out, known once the workspace has moved on to a later block. */
    long filled;

    Block(Allocation memory) {
      this.memory = memory;
    }
  }

  private final String purpose;
  private final List<Block> blocks = new ArrayList<>();
  private int current;
  private long offset;

  /** Bytes handed out from the blocks before the current one. */
  private long before;

  private long peak;
  private boolean closed;

  NativeWorkspace(String purpose) {
    this.purpose = purpose;
  }

  @Override
  public Tensor tensor(DType dtype, int... extents) {
    Shape shape = Shape.of(extents);
    long bytes = shape.rows() * dtype.bytes(shape.columns());
    return new Tensor(dtype, shape, MemorySegment.ofAddress(take(bytes)).reinterpret(bytes));
  }

  @Override
  public Tensor zeros(DType dtype, int... extents) {
    Tensor tensor = tensor(dtype, extents);
    tensor.memory().fill((byte) 0);
    return tensor;
  }

  @Override
  public long mark() {
    return ((long) current << OFFSET_BITS) | offset;
  }

  @Override
  public void release(long mark) {
    int block = (int) (mark >>> OFFSET_BITS);
    long offsetThen = mark & ((1L << OFFSET_BITS) - 1);
    if (mark < 0 || mark > mark()) {
      throw new IllegalArgumentException(
          "workspace \"" + purpose + "\": the mark lies beyond what is handed out");
    }
    while (current > block) {
      current--;
      before -= blocks.get(current).filled;
    }
    offset = offsetThen;
  }

  @Override
  public void reset() {
    release(0);
    if (blocks.size() > 1) {
      free();
      blocks.add(new Block(allocation(peak, 0)));
    }
  }

  @Override
  public long bytesUsed() {
    return before + offset;
  }

  @Override
  public long bytesPeak() {
    return peak;
  }

  @Override
  public void close() {
    closed = true;
    free();
    current = 0;
    offset = 0;
    before = 0;
  }

  private void free() {
    blocks.forEach(block -> block.memory.close());
    blocks.clear();
  }

  private long take(long bytes) {
    if (closed) {
      throw new IllegalStateException("workspace \"" + purpose + "\" is closed");
    }
    long rounded = (bytes + Allocation.ALIGNMENT - 1) & -Allocation.ALIGNMENT;
    while (current < blocks.size() && blocks.get(current).memory.bytes() - offset < rounded) {
      blocks.get(current).filled = offset;
      before += offset;
      current++;
      offset = 0;
    }
    if (current == blocks.size()) {
      blocks.add(new Block(grow(rounded)));
    }
    long address = blocks.get(current).memory.address() + offset;
    offset += rounded;
    peak = Math.max(peak, bytesUsed());
    return address;
  }

  private Allocation grow(long needed) {
    long last = blocks.isEmpty() ? FIRST_BLOCK / 2 : blocks.getLast().memory.bytes();
    long bytes = Math.max(needed, Math.min(2 * last, LARGEST_GROWTH));
    long held = blocks.stream().mapToLong(block -> block.memory.bytes()).sum();
    return allocation(bytes, held);
  }

  private Allocation allocation(long bytes, long held) {
    return new Allocation(
        bytes, "workspace \"%s\", which holds %,d bytes already".formatted(purpose, held));
  }
}
