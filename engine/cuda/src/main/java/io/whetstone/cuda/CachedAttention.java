package io.whetstone.cuda;

import io.whetstone.tensor.AttentionForm;
import io.whetstone.tensor.CachedRows;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.KvCache;
import io.whetstone.tensor.Tensor;

/** Storing into the paged cache, and attention over it; see attend.h and cache.cu. */
final class CachedAttention {
  private static final String FILE = "cache.cu";
  private static final int STORE_THREADS = 128;
  private static final int MERGE_THREADS = 64;

  /** Blocks for each multiprocessor that keep it busy. */
  private static final int BUSY = 4;

  private final Gpu gpu;

  CachedAttention(Gpu gpu) {
    this.gpu = gpu;
  }

  void cacheStore(Tensor fused, Heads heads, KvCache cache, int layer, int[] slots) {
    CudaKvCache own = own(cache);
    begin("cacheStore", HeadSize.of(heads), own.dtype())
        .tensor(fused)
        .integer(heads.queries())
        .integer(heads.keyValues())
        .integer(heads.size())
        .pointer(gpu.control().ints(slots))
        .pointer(own.layer(layer))
        .launch(slots.length, STORE_THREADS);
  }

  void cachedAttention(
      Tensor fused,
      Heads heads,
      KvCache cache,
      int layer,
      CachedRows rows,
      AttentionForm form,
      Tensor out) {
    CudaKvCache own = own(cache);
    HeadSize size = HeadSize.of(heads);
    DType type = own.dtype();
    int busy = BUSY * gpu.multiprocessors();
    CachePlan plan = new CachePlan(rows, form, heads, size.wideVectors(type), busy);
    long states = (long) plan.slots() * heads.keyValues();
    long partial =
        gpu.temporaries().reserve("attention over chunks", 4 * states * (size.padded() + 2));
    long partialStates = partial + 4 * states * size.padded();
    long pages = ints(plan.pages());
    long entries = ints(plan.entries().rows());
    long ends = ints(plan.entries().ends());
    for (boolean wide : new boolean[] {false, true}) {
      AttentionItems items = wide ? plan.wide() : plan.narrow();
      String name = wide && type == DType.BF16 ? "cachedAttentionWide" : "cachedAttention";
      Kernel kernel = begin(name, size, type).tensor(fused);
      PackedAttention.heads(kernel, heads);
      kernel.pointer(own.layer(layer)).pointer(pages);
      kernel.pointer(ints(items.ints())).pointer(entries).pointer(ends);
      PackedAttention.form(kernel, form);
      kernel.tensor(out).pointer(partial).pointer(partialStates).integer(plan.slots());
      kernel.launch(
          items.count(),
          heads.keyValues(),
          wide ? size.wideThreads(type) : HeadSize.THREADS,
          wide ? size.wideBytes(type) : size.narrowBytes(type));
    }
    Kernel merge = begin("cacheMerge", size, type);
    merge.pointer(partial).pointer(partialStates).integer(plan.slots());
    merge.pointer(ints(plan.merges())).pointer(ints(plan.mergedSlots()));
    PackedAttention.heads(merge, heads);
    merge.tensor(out).launch(plan.mergeCount(), heads.keyValues(), MERGE_THREADS, 0);
  }

  private Kernel begin(String name, HeadSize size, DType type) {
    return gpu.kernel(FILE, name + PackedAttention.suffix(type), size.define()).begin();
  }

  private long ints(Ints ints) {
    return gpu.control().ints(ints.array(), ints.size());
  }

  private static CudaKvCache own(KvCache cache) {
    if (cache instanceof CudaKvCache own) {
      return own;
    }
    throw new IllegalArgumentException("not a cache of the cuda backend: " + cache.getClass());
  }
}
