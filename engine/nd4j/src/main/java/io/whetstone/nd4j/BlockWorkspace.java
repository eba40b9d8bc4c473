package io.whetstone.nd4j;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Shape;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** A workspace over blocks, each larger than the one before. */
final class BlockWorkspace implements Workspace {
  private static final long FIRST_BLOCK = 1 << 20;
  private static final long LARGEST_GROWTH = 256 << 20;

  /** A mark is the index of a block, above this many bits for the offset in it. */
  private static final int OFFSET_BITS = 44;

  private record Block(long address, long bytes) {}

  private final Blocks memory;
  private final String purpose;
  private final List<Block> blocks = new ArrayList<>();

  /** Bytes handed out from each block that the workspace has moved on from. */
  private final List<Long> filled = new ArrayList<>();

  private long offset;
  private long peak;
  private boolean closed;

  BlockWorkspace(Blocks memory, String purpose) {
    this.memory = memory;
    this.purpose = purpose;
  }

  @Override
  public Tensor tensor(DType dtype, int... extents) {
    if (dtype != DType.F32 && dtype != DType.I32 && !dtype.moments()) {
      throw new IllegalArgumentException("the backend nd4j has no tensors of " + dtype);
    }
    Shape shape = Shape.of(extents);
    long bytes = shape.rows() * dtype.bytes(shape.columns());
    return new Tensor(dtype, shape, MemorySegment.ofAddress(take(bytes)).reinterpret(bytes));
  }

  @Override
  public Tensor zeros(DType dtype, int... extents) {
    Tensor tensor = tensor(dtype, extents);
    if (tensor.size() > 0) {
      memory.words(tensor).assign(0);
    }
    return tensor;
  }

  @Override
  public long mark() {
    return ((long) filled.size() << OFFSET_BITS) | offset;
  }

  @Override
  public void release(long mark) {
    if (mark < 0 || mark > mark()) {
      throw new IllegalArgumentException(
          "workspace \"" + purpose + "\": the mark lies beyond what is handed out");
    }
    int block = (int) (mark >>> OFFSET_BITS);
    filled.subList(block, filled.size()).clear();
    offset = mark & ((1L << OFFSET_BITS) - 1);
  }

  @Override
  public void reset() {
    release(0);
  }

  @Override
  public long bytesUsed() {
    return filled.stream().mapToLong(Long::longValue).sum() + offset;
  }

  @Override
  public long bytesPeak() {
    return peak;
  }

  @Override
  public void close() {
    closed = true;
    blocks.forEach(block -> memory.free(block.address()));
    blocks.clear();
    filled.clear();
    offset = 0;
  }

  private long take(long bytes) {
    if (closed) {
      throw new IllegalStateException("workspace \"" + purpose + "\" is closed");
    }
    long rounded = (bytes + Blocks.ALIGNMENT - 1) & -Blocks.ALIGNMENT;
    while (filled.size() < blocks.size() && blocks.get(filled.size()).bytes() - offset < rounded) {
      filled.add(offset);
      offset = 0;
    }
    if (filled.size() == blocks.size()) {
      blocks.add(grow(rounded));
    }
    long address = blocks.get(filled.size()).address() + offset;
    offset += rounded;
    peak = Math.max(peak, bytesUsed());
    return address;
  }

  private Block grow(long needed) {
    long last = blocks.isEmpty() ? FIRST_BLOCK / 2 : blocks.getLast().bytes();
    long bytes = Math.max(needed, Math.min(2 * last, LARGEST_GROWTH));
    return new Block(memory.allocate(bytes, "workspace \"" + purpose + "\""), bytes);
  }
}
