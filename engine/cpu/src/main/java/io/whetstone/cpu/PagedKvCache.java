package io.whetstone.cpu;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.KvCache;
import io.whetstone.tensor.Operands;
import io.whetstone.tensor.Tensor;

/**
 * Keys and values in pages of {@value TileLayout#POSITIONS} positions: {@code [page][layer][key and
 * value head]} of {@link TileLayout tiles}, narrow ones for BF16.
 *
 * <p>Pages are lent from the first on, and the system gives memory where it is first touched: with
 * all of a page in one place only what was ever used of the cache is resident.
 */
final class PagedKvCache implements KvCache {
  private final Allocation memory;
  private final TileLayout layout;
  private final Heads heads;
  private final DType type;
  private final int layers;
  private final int pages;

  PagedKvCache(int layers, int pages, Heads heads, DType dtype) {
    this.layout = TileLayout.of(heads.size());
    this.heads = heads;
    this.type = dtype;
    this.layers = layers;
    this.pages = pages;
    // Slots are numbered by int.
    Math.multiplyExact(pages, TileLayout.POSITIONS);
    this.memory =
        new Allocation(Math.multiplyExact(pages, pageBytes()), "the cache of keys and values");
  }

  @Override
  public int layers() {
    return layers;
  }

  @Override
  public Heads heads() {
    return heads;
  }

  /** F32, or BF16, whose tiles are narrow. */
  @Override
  public DType dtype() {
    return type;
  }

  @Override
  public int pageSize() {
    return TileLayout.POSITIONS;
  }

  @Override
  public int pages() {
    return pages;
  }

  @Override
  public long bytes() {
    return memory.bytes();
  }

  @Override
  public void copyPage(int from, int to) {
    Operands.index("page", from, pages);
    Operands.index("page", to, pages);
    Memory.copy(tile(0, from, 0), tile(0, to, 0), pageBytes());
  }

  /** Stores the keys and values of row r of {@code fused} at {@code slots[r]}. */
  void store(Workers workers, Tensor fused, Heads heads, int layer, int[] slots) {
    FusedRows rows = FusedRows.of(heads, fused);
    Ranges.run(
        workers,
        slots.length,
        4L * heads.keyValues() * heads.size(),
        1,
        (from, to) -> {
          for (int r = from; r < to; r++) {
            int page = slots[r] / TileLayout.POSITIONS;
            int position = slots[r] % TileLayout.POSITIONS;
            for (int h = 0; h < heads.keyValues(); h++) {
              long tile = tile(layer, page, h);
              if (type == DType.BF16) {
                layout.storeNarrow(rows.key(r, h), rows.value(r, h), tile, position);
              } else {
                layout.store(rows.key(r, h), rows.value(r, h), tile, position);
              }
            }
          }
        });
  }

  TileLayout layout() {
    return layout;
  }

  /** Address of a page's tile of one layer and head. */
  long tile(int layer, int page, int head) {
    long tiles = ((long) page * layers + layer) * heads.keyValues() + head;
    return memory.address() + tiles * tileBytes();
  }

  /** Bytes of a page: from a tile to the same layer's and head's of the next page. */
  long pageBytes() {
    return tileBytes() * heads.keyValues() * layers;
  }

  private long tileBytes() {
    return type == DType.BF16 ? layout.bytes() / 2 : layout.bytes();
  }

  @Override
  public void close() {
    memory.close();
  }
}
