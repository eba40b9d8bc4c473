package io.whetstone.cpu;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import java.util.stream.IntStream;

/**
 * A weight that stays quantised: its rows are decoded some at a time, to the numbers it stands for
 * rounded to the compute type, and multiplied as any other weight's; where it can be by {@link
 * BlockProducts}, with the same bits.
 *
 * <p>So y has the bits it has with the decoded weight, whatever the number of rows and threads. The
 * sums of dx over outputs are cut where rows are decoded.
 */
final class QuantizedWeight implements Gemm.Weight {
  /** Of decoded numbers at a time: they stay in the cache between decoding and product. */
  private static final long PANEL_BYTES = 2 << 20;

  /** Columns that oneDNN's layouts block: cuts at its multiples change no bits. */
  private static final int MULTIPLE = 64;

  private final Tensor master;
  private final DType compute;
  private final QuantizedPanels panels;
  private final BlockProducts direct;
  private final OutputParts parts;
  private final int step;
  private int chunk = -1;

  QuantizedWeight(Tensor master, DType compute, QuantizedPanels panels, BlockProducts direct) {
    this.master = master;
    this.compute = compute;
    this.panels = panels;
    this.direct = direct;
    parts = new OutputParts(master.rows());
    long fitting = PANEL_BYTES / ((long) compute.bytes() * master.columns());
    step = (int) Math.max(MULTIPLE, fitting / MULTIPLE * MULTIPLE);
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

  @Override
  public int parts() {
    return parts.count();
  }

  @Override
  public int firstOutput(int part) {
    return parts.first(part);
  }

  /** Nothing is kept of it. */
  @Override
  public void refresh() {}

  @Override
  public void forward(int part, long x, int rows, long y, int yColumns, Result result) {
    if (rows == 0) {
      return;
    }
    int end = parts.first(part + 1);
    if (rows <= direct.mostRows() && chunk() > 0) {
      Tensor outputs = master.rows(parts.first(part), end);
      direct.multiply(
          new BlockProducts.Product(outputs, compute, x, y, yColumns, chunk(), result), rows);
      return;
    }
    for (int first = parts.first(part); first < end; first += step) {
      long column = (long) result.bytes() * (first - parts.first(part));
      decoded(first, Math.min(end, first + step)).forward(0, x, rows, y + column, yColumns, result);
    }
  }

  /** Of {@link BlockProducts}; 0 where these must not be used. */
  private int chunk() {
    if (chunk < 0) {
      chunk =
          widths()
              .map(n -> direct.chunk(new BlockCheck.Form(master.dtype(), compute, in(), n), panels))
              .reduce((a, b) -> a == b ? a : 0)
              .orElse(0);
    }
    return chunk;
  }

  /** Numbers of rows that are decoded at once. */
  private IntStream widths() {
    return IntStream.range(0, parts.count())
        .flatMap(
            part -> {
              int width = parts.width(part);
              return IntStream.of(Math.min(width, step), width % step).filter(n -> n > 0);
            })
        .distinct();
  }

  private Gemm.Weight decoded(int first, int last) {
    return panels.decoded(master.rows(first, last), compute);
  }

  @Override
  public void backwardInput(int part, long dy, int rows, long dx, Result result) {
    backwardInput(parts.first(part), parts.first(part + 1), dy, rows, dx, result);
  }

  @Override
  public void backwardInput(long dy, int rows, long dx, Result result) {
    backwardInput(0, out(), dy, rows, dx, result);
  }

  /** Of the outputs [from, to) alone: dy [rows, to − from]. */
  private void backwardInput(int from, int to, long dy, int rows, long dx, Result result) {
    if (rows == 0) {
      return;
    }
    int bytes = compute.bytes();
    int size = in() * rows;
    long sums = panels.room().reserve(4L * size + (long) bytes * rows * step);
    long own = sums + 4L * size;
    if (result != Result.BF16) {
      sums = dx;
    }
    for (int first = from; first < to; first += step) {
      int last = Math.min(to, first + step);
      long width = (long) bytes * (last - first);
      for (int r = 0; r < rows; r++) {
        Memory.copy(dy + bytes * ((long) (to - from) * r + first - from), own + width * r, width);
      }
      boolean add = first > from || result == Result.F32_ADDED;
      decoded(first, last).backwardInput(0, own, rows, sums, Result.of(DType.F32, add));
    }
    if (result == Result.BF16) {
      Bfloat16.round(sums, dx, size);
    }
  }

  @Override
  public void close() {}
}
