package io.whetstone.cuda;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Shape;
import io.whetstone.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Products of matrices, by cuBLASLt: BF16 or F32 (never rounded to TF32) with F32 sums that are not
 * split.
 *
 * <p>Rows that go in or come out must start on 16 bytes for the library's algorithms; others, as
 * views may be, are copied to where they do.
 */
final class Products implements AutoCloseable {
  private static final int ALIGNMENT = 16;

  /** Of a quantised weight that is decoded at a time. */
  private static final long PANEL_BYTES = 256L << 20;

  /** Panels begin at multiples of so many outputs, so that columns of y stay aligned. */
  private static final int PANEL_MULTIPLE = 64;

  private final Gpu gpu;
  private final Elementwise elementwise;
  private final QuantizedWeights quantized;
  private final long panelBytes;
  private final List<RowProduct> rowProducts = new ArrayList<>();
  private final List<WeightProduct> weightProducts = new ArrayList<>();

  Products(Gpu gpu, Elementwise elementwise, QuantizedWeights quantized) {
    this(gpu, elementwise, quantized, PANEL_BYTES);
  }

  Products(Gpu gpu, Elementwise elementwise, QuantizedWeights quantized, long panelBytes) {
    this.gpu = gpu;
    this.elementwise = elementwise;
    this.quantized = quantized;
    this.panelBytes = panelBytes;
  }

  /** Prepares a weight. */
  CudaLinear linear(Tensor master, DType compute) {
    return new CudaLinear(gpu, elementwise, master, compute);
  }

  /**
   * y = x Wᵀ of the outputs [firstOut, firstOut + outs), or y += that.
   *
   * @param x the address of [rows, in] of the linear's type
   * @param y the address of [rows, outs], dense, of {@code yType}: F32 to accumulate
   */
  void forward(
      CudaLinear w,
      long x,
      int rows,
      int firstOut,
      int outs,
      long y,
      DType yType,
      boolean accumulate) {
    if (rows == 0 || outs == 0) {
      return;
    }
    gpu.queue().enter();
    long yBytes = (long) yType.bytes() * rows * outs;
    long xs = aligned(x, (long) w.dtype().bytes() * rows * w.in(), "aligned operand", true);
    long ys = aligned(y, yBytes, "aligned result", accumulate);
    RowProduct product = rowProduct(false, w, yType);
    int step = panel(w);
    for (int first = firstOut; first < firstOut + outs; first += step) {
      int count = Math.min(step, firstOut + outs - first);
      long column = (long) yType.bytes() * (first - firstOut);
      product.multiply(
          weight(w, first, count), count, xs, w.in(), rows, ys + column, outs, accumulate);
    }
    if (ys != y) {
      gpu.queue().copy(ys, y, yBytes);
    }
  }

  /**
   * dx = dy W of the outputs [firstOut, firstOut + outs) alone, or dx += that.
   *
   * @param dy the address of [rows, outs], dense, of the linear's type
   * @param dx the address of [rows, in] of {@code dxType}: F32 to accumulate
   */
  void backwardInput(
      CudaLinear w,
      int firstOut,
      int outs,
      long dy,
      int rows,
      long dx,
      DType dxType,
      boolean accumulate) {
    if (rows == 0 || outs == 0) {
      return;
    }
    gpu.queue().enter();
    int step = panel(w);
    if (outs > step && dxType == DType.BF16) {
      sumPanels(w, firstOut, outs, dy, rows, dx);
      return;
    }
    long dxBytes = (long) dxType.bytes() * rows * w.in();
    long dys = aligned(dy, (long) w.dtype().bytes() * rows * outs, "aligned operand", true);
    long dxs = aligned(dx, dxBytes, "aligned result", accumulate);
    RowProduct product = rowProduct(true, w, dxType);
    for (int first = firstOut; first < firstOut + outs; first += step) {
      int count = Math.min(step, firstOut + outs - first);
      long column = (long) w.dtype().bytes() * (first - firstOut);
      product.multiply(
          weight(w, first, count),
          count,
          dys + column,
          outs,
          rows,
          dxs,
          w.in(),
          accumulate || first > firstOut);
    }
    if (dxs != dx) {
      gpu.queue().copy(dxs, dx, dxBytes);
    }
  }

  /** Sums of several panels are F32 until the last, and rounded once. */
  private void sumPanels(CudaLinear w, int firstOut, int outs, long dy, int rows, long dx) {
    long sums = gpu.temporaries().reserve("sums of panels", 4L * rows * w.in());
    backwardInput(w, firstOut, outs, dy, rows, sums, DType.F32, false);
    elementwise.copy(view(DType.F32, sums, rows, w.in()), view(DType.BF16, dx, rows, w.in()));
  }

  private static Tensor view(DType type, long address, int rows, int columns) {
    long bytes = (long) type.bytes() * rows * columns;
    return new Tensor(
        type, Shape.of(rows, columns), MemorySegment.ofAddress(address).reinterpret(bytes));
  }

  /**
   * dw += dyᵀ x.
   *
   * @param type of x and dy
   * @param x the address of [rows, in]
   * @param dy the address of [rows, out]
   * @param dw the address of [out, in], F32
   */
  void backwardWeight(DType type, long x, int in, long dy, int out, int rows, long dw) {
    if (rows == 0 || in == 0 || out == 0) {
      return;
    }
    gpu.queue().enter();
    long dwBytes = 4L * out * in;
    long xs = aligned(x, (long) type.bytes() * rows * in, "aligned operand", true);
    long dys = aligned(dy, (long) type.bytes() * rows * out, "second aligned operand", true);
    long dws = aligned(dw, dwBytes, "aligned result", true);
    weightProduct(in, out, type, WeightProduct.bucket(rows)).add(xs, dys, rows, dws);
    if (dws != dw) {
      gpu.queue().copy(dws, dw, dwBytes);
    }
  }

  /** The address itself, or that of a temporary, into which {@code bytes} are copied if asked. */
  private long aligned(long address, long bytes, String purpose, boolean copied) {
    if (address % ALIGNMENT == 0) {
      return address;
    }
    long aligned = gpu.temporaries().reserve(purpose, bytes);
    if (copied) {
      gpu.queue().copy(address, aligned, bytes);
    }
    return aligned;
  }

  /** Outputs that are multiplied at a time: all, but for a quantised weight that is large. */
  private int panel(CudaLinear w) {
    if (!w.quantized()) {
      return Integer.MAX_VALUE >> 1;
    }
    long fitting = panelBytes / ((long) w.dtype().bytes() * w.in());
    long whole = fitting / PANEL_MULTIPLE * PANEL_MULTIPLE;
    return Math.clamp(whole, PANEL_MULTIPLE, Integer.MAX_VALUE >> 1);
  }

  /** The address of some of a weight's rows, which are decoded where it is quantised. */
  private long weight(CudaLinear w, int first, int count) {
    if (!w.quantized()) {
      return w.address() + (long) w.dtype().bytes() * w.in() * first;
    }
    long bytes = (long) w.dtype().bytes() * w.in() * count;
    long panel = gpu.temporaries().reserve("decoded weights", bytes);
    quantized.decode(w.master(), first, count, panel, w.dtype());
    return panel;
  }

  private RowProduct rowProduct(boolean input, CudaLinear w, DType result) {
    for (int i = 0; i < rowProducts.size(); i++) {
      if (rowProducts.get(i).is(input, w.in(), w.out(), w.dtype(), result)) {
        return rowProducts.get(i);
      }
    }
    RowProduct made = new RowProduct(gpu, input, w.in(), w.out(), w.dtype(), result);
    rowProducts.add(made);
    return made;
  }

  private WeightProduct weightProduct(int in, int out, DType type, int rows) {
    for (int i = 0; i < weightProducts.size(); i++) {
      if (weightProducts.get(i).is(in, out, type, rows)) {
        return weightProducts.get(i);
      }
    }
    WeightProduct made = new WeightProduct(gpu, in, out, type, rows);
    weightProducts.add(made);
    return made;
  }

  @Override
  public void close() {
    rowProducts.forEach(RowProduct::close);
    weightProducts.forEach(WeightProduct::close);
    rowProducts.clear();
    weightProducts.clear();
  }
}
