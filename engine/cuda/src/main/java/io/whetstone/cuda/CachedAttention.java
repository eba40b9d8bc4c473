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

  private final Gpu gpu;
  private final CachePlans plans;

  CachedAttention(Gpu gpu) {
    this.gpu = gpu;
    plans = new CachePlans(gpu);
  }

  void cacheStore(Tensor fused, Heads heads, KvCache cache, int layer, int[] slots) {
    CudaKvCache own = own(cache);
    Kernel kernel = begin("cacheStore", HeadSize.of(heads), own.dtype()).tensor(fused);
    PackedAttention.heads(kernel, heads);
    kernel
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
    DType type = own.dtype();
    HeadSize size = HeadSize.of(heads);
    CachePlans.OnDevice plan = plans.of(rows, form, heads, type);
    long states = (long) plan.slots() * heads.keyValues();
    long partial =
        gpu.temporaries().reserve("attention over chunks", 4 * states * (size.padded() + 2));
    long partialStates = partial + 4 * states * size.padded();
    for (boolean wide : new boolean[] {false, true}) {
      String name = wide && type == DType.BF16 ? "cachedAttentionWide" : "cachedAttention";
      Kernel kernel = begin(name, size, type).tensor(fused);
      PackedAttention.heads(kernel, heads);
      kernel.pointer(own.layer(layer)).pointer(plan.pages());
      kernel.pointer(wide ? plan.wide() : plan.narrow());
      kernel.pointer(plan.rows()).pointer(plan.ends());
      PackedAttention.form(kernel, form);
      kernel.tensor(out).pointer(partial).pointer(partialStates).integer(plan.slots());
      kernel.launch(
          wide ? plan.wideCount() : plan.narrowCount(),
          heads.keyValues(),
          HeadSize.THREADS,
          wide ? size.wideBytes(type) : size.narrowBytes(type));
    }
    Kernel merge = begin("cacheMerge", size, type);
    merge.pointer(partial).pointer(partialStates).integer(plan.slots());
    merge.pointer(plan.merges()).pointer(plan.mergedSlots());
    PackedAttention.heads(merge, heads);
    merge.tensor(out).launch(plan.mergeCount(), heads.keyValues(), MERGE_THREADS, 0);
  }

  private Kernel begin(String name, HeadSize size, DType type) {
    return gpu.kernel(FILE, name + PackedAttention.suffix(type), size.define()).begin();
  }

  private static CudaKvCache own(KvCache cache) {
    if (cache instanceof CudaKvCache own) {
      return own;
    }
    throw new IllegalArgumentException("not a cache of the cuda backend: " + cache.getClass());
  }
}
