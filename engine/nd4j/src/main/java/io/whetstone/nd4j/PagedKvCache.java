package io.whetstone.nd4j;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.KvCache;
import io.whetstone.tensor.Operands;
import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Keys and values: for each layer a matrix with a row [keys | values] for each slot. */
final class PagedKvCache implements KvCache {
  private static final int POSITIONS = 16;

  private final Heads heads;
  private final INDArray[] layers;
  private final int pages;

  PagedKvCache(int layers, int pages, Heads heads) {
    this.heads = heads;
    this.pages = pages;
    this.layers = new INDArray[layers];
    long slots = Math.multiplyExact(pages, POSITIONS);
    Arrays.setAll(
        this.layers,
        layer ->
            Nd4j.createUninitializedDetached(
                DataType.FLOAT, slots, 2L * heads.keyValues() * heads.size()));
  }

  @Override
  public int layers() {
    return layers.length;
  }

  @Override
  public Heads heads() {
    return heads;
  }

  @Override
  public DType dtype() {
    return DType.F32;
  }

  @Override
  public int pageSize() {
    return POSITIONS;
  }

  @Override
  public int pages() {
    return pages;
  }

  @Override
  public long bytes() {
    return (long) layers.length * pages * POSITIONS * 2 * heads.keyValues() * heads.size() * 4;
  }

  @Override
  public void copyPage(int from, int to) {
    Operands.index("page", from, pages);
    Operands.index("page", to, pages);
    for (INDArray layer : layers) {
      page(layer, to).assign(page(layer, from));
    }
  }

  private static INDArray page(INDArray layer, int page) {
    return Part.rows(layer, (long) page * POSITIONS, (page + 1L) * POSITIONS);
  }

  /** A layer's rows [slots, 2 keyValues · size]. */
  INDArray layer(int layer) {
    return layers[layer];
  }

  @Override
  public void close() {
    for (INDArray layer : layers) {
      if (!layer.wasClosed()) {
        layer.close();
      }
    }
  }
}
