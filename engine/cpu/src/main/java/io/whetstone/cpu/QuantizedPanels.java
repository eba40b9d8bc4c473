package io.whetstone.cpu;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Shape;
import io.whetstone.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/**
 * Room where some rows of a quantised weight are decoded for products, one panel for each shape,
 * whichever weight needs it.
 */
final class QuantizedPanels implements AutoCloseable {
  private record Form(DType compute, int rows, int columns) {}

  /**
   * Decoded rows.
   *
   * @param rows of the compute type
   * @param weight prepared from them
   */
  private record Panel(Allocation memory, Tensor rows, Gemm.Weight weight) {}

  private final Workers workers;
  private final Gemm gemm;
  private final Map<Form, Panel> panels = new HashMap<>();
  private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

  private final Scratch room = new Scratch();

  QuantizedPanels(Workers workers, Gemm gemm) {
    this.workers = workers;
    this.gemm = gemm;
  }

  /** The products of these rows, until another weight's are asked for. */
  Gemm.Weight decoded(Tensor quantized, DType compute) {
    Panel panel =
        panels.computeIfAbsent(
            new Form(compute, quantized.rows(), quantized.columns()), this::make);
    decode(quantized, panel.rows);
    panel.weight.refresh();
    return panel.weight;
  }

  /** For what a product needs besides; one weight after the other uses it. */
  Scratch room() {
    return room;
  }

  private Panel make(Form form) {
    long bytes = (long) form.compute.bytes() * form.rows * form.columns;
    Allocation memory =
        new Allocation(
            bytes, "decoded rows of a weight [" + form.rows + " × " + form.columns + "]");
    MemorySegment segment = MemorySegment.ofAddress(memory.address()).reinterpret(bytes);
    Tensor rows = new Tensor(form.compute, Shape.of(form.rows, form.columns), segment);
    return new Panel(memory, rows, gemm.weight(rows, form.compute));
  }

  /** Decodes rows to F32, or rounds what they are to BF16. */
  private void decode(Tensor from, Tensor to) {
    long source = Memory.address(from);
    long target = Memory.address(to);
    int columns = from.columns();
    long bytes = from.dtype().bytes(columns);
    long written = to.dtype().bytes(columns);
    boolean rounded = to.dtype() == DType.BF16;
    Ranges.run(
        workers,
        from.rows(),
        columns,
        1,
        (first, last) -> {
          long room = rounded ? scratch.get().reserve(4L * columns) : 0;
          for (int r = first; r < last; r++) {
            long row = target + written * r;
            BlockRows.decode(from.dtype(), source + bytes * r, rounded ? room : row, columns);
            if (rounded) {
              Bfloat16.round(room, row, columns);
            }
          }
        });
  }

  @Override
  public void close() {
    panels
        .values()
        .forEach(
            panel -> {
              panel.weight.close();
              panel.memory.close();
            });
    panels.clear();
  }
}
