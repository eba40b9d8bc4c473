package io.whetstone.cuda;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Shape;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * A workspace over blocks of memory, each larger than the one before: the device's, or the host's
 * for what is read seldom.
 */
final class CudaWorkspace implements Workspace {
  private static final long FIRST_BLOCK = 2 << 20;
  private static final long LARGEST_GROWTH = 1 << 30;

  /** A mark is the index of a block, above this many bits for the offset in it. */
  private static final int OFFSET_BITS = 44;

  private final Gpu gpu;
  private final String purpose;
  private final boolean onHost;
  private final List<DeviceMemory.Block> blocks = new ArrayList<>();

  /** Bytes handed out of each block, known once the workspace has moved on to a later one. */
  private final List<Long> filled = new ArrayList<>();

  private int current;
  private long offset;

  /** Bytes handed out from the blocks before the current one. */
  private long before;

  private long peak;
  private boolean closed;

  CudaWorkspace(Gpu gpu, String purpose, boolean onHost) {
    this.gpu = gpu;
    this.purpose = purpose;
    this.onHost = onHost;
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
    gpu.queue().zero(DeviceMemory.address(tensor), tensor.memory().byteSize());
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
      before -= filled.get(current);
    }
    offset = offsetThen;
  }

  @Override
  public void reset() {
    release(0);
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
    if (!closed) {
      closed = true;
      gpu.queue().enter();
      blocks.forEach(DeviceMemory.Block::close);
      blocks.clear();
      filled.clear();
      current = 0;
      offset = 0;
      before = 0;
    }
  }

  private long take(long bytes) {
    if (closed) {
      throw new IllegalStateException("workspace \"" + purpose + "\" is closed");
    }
    long rounded = (bytes + DeviceMemory.ALIGNMENT - 1) & -DeviceMemory.ALIGNMENT;
    while (current < blocks.size() && blocks.get(current).bytes() - offset < rounded) {
      filled.set(current, offset);
      before += offset;
      current++;
      offset = 0;
    }
    if (current == blocks.size()) {
      long last = blocks.isEmpty() ? FIRST_BLOCK / 2 : blocks.getLast().bytes();
      long size = Math.max(rounded, Math.min(2 * last, LARGEST_GROWTH));
      gpu.queue().enter();
      DeviceMemory memory = gpu.memory();
      blocks.add(onHost ? memory.allocateOnHost(size, purpose) : memory.allocate(size, purpose));
      filled.add(0L);
    }
    long address = blocks.get(current).address() + offset;
    offset += rounded;
    peak = Math.max(peak, bytesUsed());
    return address;
  }
}
