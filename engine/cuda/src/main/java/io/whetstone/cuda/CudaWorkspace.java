package io.whetstone.cuda;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Shape;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A workspace over blocks of memory: the device's, or the host's for what is read seldom.
 *
 * <p>A tensor goes into the first block that has room for it. A new block is a sixteenth of what is
 * there already, or as large as the tensor that needs it: of the shapes of models from 28 M to 7 B
 * parameters 5 to 8 % of the blocks stay empty. Rounds that ask for the same find the same places.
 */
final class CudaWorkspace implements Workspace {
  private static final long SMALLEST_BLOCK = 2 << 20;
  private static final long LARGEST_GROWTH = 1 << 30;
  private static final int GROWTH = 16;

  private final Gpu gpu;
  private final String purpose;
  private final boolean onHost;
  private final List<DeviceMemory.Block> blocks = new ArrayList<>();

  /** Bytes of the blocks, and those handed out of each. */
  private long allocated;

  private long[] used = new long[8];

  /** What was handed out, in order: the block, and how much of it. A mark is a place in here. */
  private int[] taken = new int[64];

  private long[] bytesTaken = new long[64];
  private int count;

  private long bytesUsed;
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
    return count;
  }

  @Override
  public void release(long mark) {
    if (mark < 0 || mark > count) {
      throw new IllegalArgumentException(
          "workspace \"" + purpose + "\": the mark lies beyond what is handed out");
    }
    while (count > mark) {
      count--;
      used[taken[count]] -= bytesTaken[count];
      bytesUsed -= bytesTaken[count];
    }
  }

  @Override
  public void reset() {
    release(0);
  }

  @Override
  public long bytesUsed() {
    return bytesUsed;
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
      count = 0;
      bytesUsed = 0;
    }
  }

  private long take(long bytes) {
    if (closed) {
      throw new IllegalStateException("workspace \"" + purpose + "\" is closed");
    }
    long rounded = (bytes + DeviceMemory.ALIGNMENT - 1) & -DeviceMemory.ALIGNMENT;
    int block = 0;
    while (block < blocks.size() && blocks.get(block).bytes() - used[block] < rounded) {
      block++;
    }
    if (block == blocks.size()) {
      grow(rounded);
    }
    if (count == taken.length) {
      taken = Arrays.copyOf(taken, 2 * count);
      bytesTaken = Arrays.copyOf(bytesTaken, 2 * count);
    }
    long address = blocks.get(block).address() + used[block];
    taken[count] = block;
    bytesTaken[count++] = rounded;
    used[block] += rounded;
    bytesUsed += rounded;
    peak = Math.max(peak, bytesUsed);
    return address;
  }

  private void grow(long needed) {
    long size = Math.max(needed, Math.clamp(allocated / GROWTH, SMALLEST_BLOCK, LARGEST_GROWTH));
    gpu.queue().enter();
    DeviceMemory memory = gpu.memory();
    blocks.add(onHost ? memory.allocateOnHost(size, purpose) : memory.allocate(size, purpose));
    allocated += size;
    if (blocks.size() > used.length) {
      used = Arrays.copyOf(used, 2 * used.length);
    }
    used[blocks.size() - 1] = 0;
  }
}
