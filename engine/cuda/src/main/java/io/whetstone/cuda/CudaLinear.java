package io.whetstone.cuda;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Linear;
import io.whetstone.tensor.Shape;
import io.whetstone.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * A weight [out, in] for products. It is the master itself where that has the products' type, else
 * a rounded copy of it; a quantised one is decoded when it is used.
 */
final class CudaLinear implements Linear {
  private static final int ALIGNMENT = 16;

  private final Gpu gpu;
  private final Elementwise elementwise;
  private final Tensor master;
  private final DType compute;

  /** Null where there is no copy. */
  private final DeviceMemory.Block memory;

  private final Tensor copy;
  private boolean stale = true;

  CudaLinear(Gpu gpu, Elementwise elementwise, Tensor master, DType compute) {
    this.gpu = gpu;
    this.elementwise = elementwise;
    this.master = master;
    this.compute = compute;
    boolean asItIs = master.dtype() == compute && DeviceMemory.address(master) % ALIGNMENT == 0;
    if (master.dtype().quantized() || asItIs) {
      memory = null;
      copy = null;
    } else {
      gpu.queue().enter();
      long bytes = compute.bytes() * master.size();
      memory = gpu.memory().allocate(bytes, "weights for products");
      copy =
          new Tensor(
              compute,
              Shape.of(master.rows(), master.columns()),
              MemorySegment.ofAddress(memory.address()).reinterpret(bytes));
    }
  }

  boolean quantized() {
    return master.dtype().quantized();
  }

  Tensor master() {
    return master;
  }

  /** Where the weight lies in the products' type; not for a quantised one. */
  long address() {
    if (copy == null) {
      return DeviceMemory.address(master);
    }
    if (stale) {
      stale = false;
      elementwise.copy(master, copy);
    }
    return DeviceMemory.address(copy);
  }

  @Override
  public DType dtype() {
    return compute;
  }

  @Override
  public int in() {
    return master.columns();
  }

  @Override
  public int out() {
    return master.rows();
  }

  /** The copy is made again when it is needed next. */
  @Override
  public void refresh() {
    stale = true;
  }

  @Override
  public void close() {
    if (memory != null) {
      gpu.queue().enter();
      memory.close();
    }
  }
}
