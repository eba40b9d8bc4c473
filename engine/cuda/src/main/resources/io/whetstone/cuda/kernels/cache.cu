// The paged cache of keys and values: storing, copying, attention over it. Compiled with HEAD, the
// head's size rounded up to a multiple of 32. A layer is [page][head][keys, values][TILE][size].
#include "attend_tensor.h"

/** Stores row r's keys and values at slots[r], by a block of one row. */
template <typename T>
inline void storeRow(const T* fused, int queries, int keyHeads, int size, const int* slots, T* layer) {
  int row = blockIdx.x;
  int slot = slots[row];
  const T* from = fused + ((long long)(queries + 2 * keyHeads) * row + queries) * size;
  T* page = layer + (long long)(slot / TILE) * keyHeads * 2 * TILE * size;
  for (int i = threadIdx.x; i < 2 * keyHeads * size; i += blockDim.x) {
    int isValue = i / (keyHeads * size);
    int head = i / size % keyHeads;
    page[((long long)(2 * head + isValue) * TILE + slot % TILE) * size + i % size] = from[i];
  }
}

extern "C" __global__ void cacheStoreF32(const float* fused, int queries, int keyHeads, int size, const int* slots,
                                         float* layer) {
  storeRow(fused, queries, keyHeads, size, slots, layer);
}

extern "C" __global__ void cacheStoreBf16(const bf16* fused, int queries, int keyHeads, int size, const int* slots,
                                          bf16* layer) {
  storeRow(fused, queries, keyHeads, size, slots, layer);
}

/** Copies words of one page to another, in each layer: blockIdx.y. */
extern "C" __global__ void cacheCopyPage(unsigned* cache, long long layerWords, long long pageWords, int from, int to) {
  unsigned* layer = cache + layerWords * blockIdx.y;
  for (long long i = blockIdx.x * blockDim.x + threadIdx.x; i < pageWords; i += (long long)gridDim.x * blockDim.x) {
    layer[pageWords * to + i] = layer[pageWords * from + i];
  }
}

extern "C" __global__ void __launch_bounds__(ATTEND_THREADS)
    cachedAttentionF32(const float* fused, int queries, int keyHeads, int size, const float* layer, const int* pages,
                       const int* items, const int* rows, const int* ends, float scale, float cap, int window,
                       float* out, float* partial, float* partialStates, int slots) {
  attend<float>(dynamicShared<float>(), fused, queries, keyHeads, size, PagedRows<float>{layer, pages, keyHeads},
                items, rows, ends, Form{scale, cap, window}, out, nullptr, partial, partialStates, slots);
}

extern "C" __global__ void __launch_bounds__(WIDE_THREADS)
    cachedAttentionWideBf16(const bf16* fused, int queries, int keyHeads, int size, const bf16* layer,
                            const int* pages, const int* items, const int* rows, const int* ends, float scale,
                            float cap, int window, bf16* out, float* partial, float* partialStates, int slots) {
  attendWide(fused, queries, keyHeads, size, PagedRows<bf16>{layer, pages, keyHeads}, alignedRows(layer, size),
             items, rows, ends, Form{scale, cap, window}, out, nullptr, partial, partialStates, slots);
}

extern "C" __global__ void __launch_bounds__(NARROW_THREADS, HEAD <= 128 ? 3 : 2)
    cachedAttentionBf16(const bf16* fused, int queries, int keyHeads, int size, const bf16* layer, const int* pages,
                        const int* items, const int* rows, const int* ends, float scale, float cap, int window,
                        bf16* out, float* partial, float* partialStates, int slots) {
  attendNarrow(fused, queries, keyHeads, size, PagedRows<bf16>{layer, pages, keyHeads}, alignedRows(layer, size),
               items, rows, ends, Form{scale, cap, window}, out, partial, partialStates, slots);
}

/**
 * Merges the partial states of a row's head in order, by a block: merges[4 i] says the row, the head in
 * its group, and that its slots are those from slotsOfHeads[merges[4 i + 2]] to [merges[4 i + 3]].
 */
template <typename T>
inline void mergeStates(const float* partial, const float* partialStates, int slots, const int* merges,
                        const int* slotsOfHeads, int queries, int keyHeads, int size, T* out) {
  const int* own = merges + 4LL * blockIdx.x;
  if (own[2] == own[3]) {
    return;
  }
  int head = blockIdx.y * (queries / keyHeads) + own[1];
  long long first = (long long)blockIdx.y * slots;
  float max = -infinity();
  float sum = 0.0f;
  for (int part = own[2]; part < own[3]; part++) {
    const float* state = partialStates + 2 * (first + slotsOfHeads[part]);
    Merge next = merge(max, sum, state[0], state[1]);
    max = next.max;
    sum = next.sum;
  }
  float inverse = 1.0f / sum;
  for (int d = threadIdx.x; d < size; d += blockDim.x) {
    float value = 0.0f;
    float soFar = -infinity();
    for (int part = own[2]; part < own[3]; part++) {
      long long vector = first + slotsOfHeads[part];
      Merge next = merge(soFar, 0.0f, partialStates[2 * vector], 0.0f);
      soFar = next.max;
      value = merged(value, next.before, partial[vector * HEAD + d], next.added);
    }
    store(out + ((long long)own[0] * queries + head) * size + d, value * inverse + 0.0f);
  }
}

extern "C" __global__ void cacheMergeF32(const float* partial, const float* partialStates, int slots,
                                         const int* merges, const int* slotsOfHeads, int queries, int keyHeads,
                                         int size, float* out) {
  mergeStates(partial, partialStates, slots, merges, slotsOfHeads, queries, keyHeads, size, out);
}

extern "C" __global__ void cacheMergeBf16(const float* partial, const float* partialStates, int slots,
                                          const int* merges, const int* slotsOfHeads, int queries, int keyHeads,
                                          int size, bf16* out) {
  mergeStates(partial, partialStates, slots, merges, slotsOfHeads, queries, keyHeads, size, out);
}
