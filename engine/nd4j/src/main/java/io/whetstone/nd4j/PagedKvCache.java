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

  PagedKvCache(int layers, int pages, Heads heads, DType dtype) {
    if (dtype != DType.F32) {
      throw new IllegalArgumentException("a cache of " + dtype + ": the backend nd4j has only F32");
    }
    if (layers < 0 || pages < 1) {
      throw new IllegalArgumentException(
          "a cache of " + layers + " layers and " + pages + " pages");
    }
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
    Operands.indices("page", new int[] {from, to}, pages);
    for (INDArray layer : layers) {
      page(layer, to).assign(page(layer, from));
    }
  }

  private static INDArray page(INDArray layer, int page) {
    return Part.rows(layer, (long) page * POSITIONS, (page + 1L) * POSITIONS);
  }

  /** A layer's rows [slots, 2 keyValues · size]; fails unless these are the cache's heads. */
  INDArray layer(int layer, Heads heads) {
    if (heads.keyValues() != this.heads.keyValues() || heads.size() != this.heads.size()) {
      throw new IllegalArgumentException("a cache for " + this.heads + " was given " + heads);
    }
    Operands.indices("layer", new int[] {layer}, layers.length);
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
