package io.whetstone.cuda;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.KvCache;

/**
 * Keys and values in pages of {@value AttentionItems#TILE} positions: {@code [layer][page][key and
 * value head][keys, values][position][size]}.
 */
final class CudaKvCache implements KvCache {
  private static final int THREADS = 256;

  private final Gpu gpu;
  private final DeviceMemory.Block memory;
  private final int layers;
  private final int pages;
  private final Heads heads;
  private final DType dtype;

  CudaKvCache(Gpu gpu, int layers, int pages, Heads heads, DType dtype) {
    this.gpu = gpu;
    this.layers = layers;
    this.pages = pages;
    this.heads = heads;
    this.dtype = dtype;
    // Slots are numbered by int.
    Math.multiplyExact(pages, AttentionItems.TILE);
    memory =
        gpu.memory()
            .allocate(Math.multiplyExact((long) layers * pages, pageBytes()), "key-value cache");
  }

  @Override
  public int layers() {
    return layers;
  }

  @Override
  public Heads heads() {
    return heads;
  }

  @Override
  public DType dtype() {
    return dtype;
  }

  @Override
  public int pageSize() {
    return AttentionItems.TILE;
  }

  @Override
  public int pages() {
    return pages;
  }

  @Override
  public long bytes() {
    return layers * pages * pageBytes();
  }

  @Override
  public void copyPage(int from, int to) {
    require(from);
    require(to);
    if (from == to) {
      return;
    }
    long words = pageBytes() / 4;
    gpu.kernel("cache.cu", "cacheCopyPage", HeadSize.of(heads).define())
        .begin()
        .pointer(memory.address())
        .longInteger(words * pages)
        .longInteger(words)
        .integer(from)
        .integer(to)
        .launch((int) Math.min(64, Math.ceilDiv(words, THREADS)), layers, THREADS, 0);
  }

  private void require(int page) {
    if (page < 0 || page >= pages) {
      throw new IllegalArgumentException("page " + page + " is not in [0, " + pages + ")");
    }
  }

  /** Where a layer begins. */
  long layer(int layer) {
    return memory.address() + layer * pages * pageBytes();
  }

  /** Bytes of a page in one layer: a multiple of 4, as there are keys and values. */
  private long pageBytes() {
    return 2L * dtype.bytes() * heads.keyValues() * heads.size() * AttentionItems.TILE;
  }

  @Override
  public void close() {
    memory.close();
  }
}
