package io.whetstone.cpu;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** Matrix products by oneDNN, each on one thread, spread over our workers. */
final class DnnlGemm implements Gemm {
  interface Task {
    void run(DnnlSlot slot, int task);
  }

  private record PanelShape(DType dtype, int k, int n) {}

  private record ReorderShape(
      DType from, DType to, int k, int n, long rowStride, long columnStride) {}

  /** With so few, reading the weight takes longer than multiplying. */
  private static final int FEW_ROWS = 42;

  private final Workers workers;
  private final OneDnn dnn;
  private final DnnlSlot[] slots;
  private final WeightMemory memory = new WeightMemory();
  private final VectorGemm fallback;
  private final DnnlWeightGradient weightGradient;
  private final Map<PanelProducts.Panel, PanelProducts> products = new ConcurrentHashMap<>();
  private final Map<PanelShape, Long> layouts = new ConcurrentHashMap<>();
  private final Map<ReorderShape, DnnlPrimitive> reorders = new ConcurrentHashMap<>();
  private final PairRows pairRows;
  private final PairProducts pairs;
  private final boolean slowBfloat16;
  private final Set<String> unusable = new TreeSet<>();
  private boolean closed;

  DnnlGemm(Workers workers, OneDnn dnn) {
    this(workers, dnn, dnn.bfloat16IsSlow());
  }

  /**
   * @param slowBfloat16 whether F32 multiply-adds are faster than the processor's BF16 products
   */
  DnnlGemm(Workers workers, OneDnn dnn, boolean slowBfloat16) {
    this.workers = workers;
    this.slowBfloat16 = slowBfloat16;
    this.dnn = dnn;
    this.slots = new DnnlSlot[workers.threads()];
    for (int i = 0; i < slots.length; i++) {
      slots[i] = new DnnlSlot(dnn, i);
    }
    this.fallback = new VectorGemm(workers, "rows would differ");
    Optional<PairCode> code = PairCode.forThisMachine(dnn.multipliesBfloat16() && !slowBfloat16);
    this.pairRows = code.isPresent() ? code.get() : new PairKernel();
    this.pairs = code.map(rows -> new PairProducts(workers, rows)).orElse(null);
    this.weightGradient = new DnnlWeightGradient(this, dnn);
  }

  @Override
  public String description() {
    return "oneDNN "
        + dnn.version()
        + (!dnn.multipliesBfloat16() ? " (BF16 by the Vector API: the processor has none)" : "")
        + (slowBfloat16 ? " (BF16 by F32 multiply-adds: the processor's own are slow)" : "")
        + (unusable.isEmpty()
            ? ""
            : " (by the Vector API, since rows would differ: " + String.join(", ", unusable) + ")");
  }

  @Override
  public Weight weight(Tensor master, DType compute) {
    if (compute == DType.BF16 && !dnn.multipliesBfloat16()) {
      return fallback.weight(master, compute);
    }
    PartedWeight weight =
        new PartedWeight(
            master,
            compute,
            (rows, transposed) -> new PackedMatrix(this, rows, compute, transposed));
    if (weight.usable()) {
      return weight;
    }
    weight.close();
    unusable.add(compute + " " + master.rows() + " × " + master.columns());
    return fallback.weight(master, compute);
  }

  @Override
  public PairRows pairRows() {
    return dnn.multipliesBfloat16() ? pairRows : fallback.pairRows();
  }

  @Override
  public void backwardWeight(DType dtype, long x, long dy, int tokens, int in, int out, long dw) {
    if (dtype == DType.BF16 && !dnn.multipliesBfloat16()) {
      fallback.backwardWeight(dtype, x, dy, tokens, in, out, dw);
      return;
    }
    weightGradient.add(dtype, x, dy, tokens, in, out, dw);
  }

  WeightMemory memory() {
    return memory;
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

  /** Products of pairs on oneDNN's layout; null where there is no code for them. */
  PairProducts pairs() {
    return pairs;
  }

  /**
   * Whether {@link #pairs} are faster than oneDNN for so many rows; the bits are the same. With few
   * rows what counts is how fast weights are read.
   */
  boolean prefersPairs(int rows) {
    return pairs != null && (slowBfloat16 || rows <= FEW_ROWS);
  }

  /** Whether the processor's own products of bfloat16 numbers take longer than F32 ones. */
  boolean slowBfloat16() {
    return slowBfloat16;
  }

  Workers workers() {
    return workers;
  }

  /** The products with panels of this form. */
  PanelProducts products(PanelProducts.Panel panel) {
    return products.computeIfAbsent(panel, this::make);
  }

  /** Where C has other columns, B must have the same layout: it is packed once. */
  private PanelProducts make(PanelProducts.Panel panel) {
    PanelShape shape = new PanelShape(panel.dtype(), panel.k(), panel.n());
    long own =
        panel.bColumns() > 0
            ? dnn.matrix(panel.dtype(), panel.k(), panel.n(), panel.bColumns(), 1)
            : layouts.containsKey(shape)
                ? dnn.cloneMatrix(layouts.get(shape))
                : dnn.matrixOfAnyLayout(panel.dtype(), panel.k(), panel.n());
    try {
      PanelProducts made = new PanelProducts(dnn, slots.length, panel, own, PanelProducts.SIZES);
      if (panel.bColumns() == 0) {
        layouts.putIfAbsent(shape, made.layout());
      }
      return made;
    } finally {
      dnn.destroyMatrix(own);
    }
  }

  /** Packs a matrix whose elements lie these strides apart as the panel of {@code products}. */
  DnnlPrimitive packing(DType from, PanelProducts products, long rowStride, long columnStride) {
    PanelProducts.Panel panel = products.panel();
    return reorders.computeIfAbsent(
        new ReorderShape(from, panel.dtype(), panel.k(), panel.n(), rowStride, columnStride),
        shape -> {
          long plain = dnn.matrix(from, shape.k, shape.n, rowStride, columnStride);
          try {
            return DnnlPrimitive.reorder(dnn, slots.length, plain, products.layout());
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
