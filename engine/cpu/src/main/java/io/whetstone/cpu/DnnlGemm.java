package io.whetstone.cpu;

import io.whetstone.tensor.Tensor;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** Matrix products by oneDNN, each on one thread, spread over our workers. */
final class DnnlGemm implements Gemm {
  interface Task {
    void run(DnnlSlot slot, int task);
  }

  private record ProductShape(int k, int n, int cColumns) {}

  private record ReorderShape(int k, int n, long rowStride, long columnStride) {}

  private final Workers workers;
  private final OneDnn dnn;
  private final DnnlSlot[] slots;
  private final VectorGemm fallback;
  private final DnnlWeightGradient weightGradient;
  private final Map<ProductShape, PanelProducts> products = new ConcurrentHashMap<>();
  private final Map<ReorderShape, DnnlPrimitive> reorders = new ConcurrentHashMap<>();
  private final Set<String> unusable = new TreeSet<>();
  private boolean closed;

  DnnlGemm(Workers workers, OneDnn dnn) {
    this.workers = workers;
    this.dnn = dnn;
    this.slots = new DnnlSlot[workers.threads()];
    for (int i = 0; i < slots.length; i++) {
      slots[i] = new DnnlSlot(dnn, i);
    }
    this.fallback = new VectorGemm(workers, "rows would differ");
    this.weightGradient = new DnnlWeightGradient(this, dnn);
  }

  @Override
  public String description() {
    return "oneDNN "
        + dnn.version()
        + (unusable.isEmpty()
            ? ""
            : " (by the Vector API, since rows would differ: " + String.join(", ", unusable) + ")");
  }

  @Override
  public Weight weight(Tensor master) {
    DnnlWeight weight = new DnnlWeight(this, master);
    if (weight.usable()) {
      return weight;
    }
    weight.close();
    unusable.add(master.rows() + " × " + master.columns());
    return fallback.weight(master);
  }

  @Override
  public void backwardWeight(long x, long dy, int tokens, int in, int out, long dw) {
    weightGradient.add(x, dy, tokens, in, out, dw);
  }

  int threads() {
    return slots.length;
  }

  DnnlSlot slot(int number) {
    return slots[number];
  }

  /** Runs tasks in any order, {@code threads} of them at a time at most. */
  void run(int tasks, int threads, Task body) {
    if (closed) {
      throw new IllegalStateException("the backend is closed");
    }
    if (threads <= 1 || tasks <= 1) {
      for (int task = 0; task < tasks; task++) {
        body.run(slots[0], task);
      }
      return;
    }
    AtomicInteger next = new AtomicInteger();
    workers.run(
        Math.min(Math.min(tasks, threads), slots.length),
        slot -> {
          for (int t = next.getAndIncrement(); t < tasks; t = next.getAndIncrement()) {
            body.run(slots[slot], t);
          }
        });
  }

  /** The products with packed panels [k, n] that make n of C's columns. */
  PanelProducts products(int k, int n, int cColumns) {
    return products.computeIfAbsent(
        new ProductShape(k, n, cColumns),
        shape -> new PanelProducts(dnn, slots.length, k, n, cColumns, PanelProducts.SIZES));
  }

  /** Packs a matrix [k, n] whose elements lie these strides apart, for {@link #products}. */
  DnnlPrimitive packing(int k, int n, long rowStride, long columnStride, long layout) {
    return reorders.computeIfAbsent(
        new ReorderShape(k, n, rowStride, columnStride),
        shape -> {
          long plain = dnn.matrix(k, n, rowStride, columnStride);
          try {
            return DnnlPrimitive.reorder(dnn, slots.length, plain, layout);
          } finally {
            dnn.destroyMatrix(plain);
          }
        });
  }

  /** Bytes of a matrix, padding of its layout included. */
  long bytes(long layout) {
    return dnn.bytes(layout);
  }

  @Override
  public void close() {
    closed = true;
    products.values().forEach(PanelProducts::close);
    reorders.values().forEach(DnnlPrimitive::close);
    weightGradient.close();
    for (DnnlSlot slot : slots) {
      slot.close();
    }
    dnn.close();
  }
}
