// Causal grouped-query attention over packed sequences, forward and backward. Compiled with HEAD, the
// head's size rounded up to a multiple of 32.
#include "gradient_tensor.h"

template <typename T>
inline PackedRows<T> packedRows(const T* fused, int queries, int keyHeads, int size) {
  return PackedRows<T>{fused + (long long)queries * size, fused + (long long)(queries + keyHeads) * size,
                       (long long)(queries + 2 * keyHeads) * size};
}

#define ATTENTION(NAME, T)                                                                                        \
  extern "C" __global__ void __launch_bounds__(ATTEND_THREADS)                                                    \
      NAME(const T* fused, int queries, int keyHeads, int size, const int* items, const int* rows,               \
           const int* ends, float scale, float cap, int window, T* out, float* logs) {                           \
    attend<T>(dynamicShared<float>(), fused, queries, keyHeads, size,                                      \
                    packedRows(fused, queries, keyHeads, size), items, rows, ends, Form{scale, cap, window},     \
                    out, logs, nullptr, nullptr, 0);                                                             \
  }

ATTENTION(attentionF32, float)

extern "C" __global__ void __launch_bounds__(WIDE_THREADS)
    attentionBf16(const bf16* fused, int queries, int keyHeads, int size, const int* items, const int* rows,
                  const int* ends, float scale, float cap, int window, bf16* out, float* logs) {
  attendWide(fused, queries, keyHeads, size, packedRows(fused, queries, keyHeads, size), alignedRows(fused, size),
             items, rows, ends, Form{scale, cap, window}, out, logs, nullptr, nullptr, 0);
}

// ---- backward
//
// With p = exp(s - logSumExp) and D = dOut . out: dV_j = sum p dOut; dS_j = scale p (dOut . v_j - D),
// times 1 - (s / cap)^2 where logits are capped; dQ = sum dS_j k_j; dK_j = sum dS_j q.

/** delta[row, head] = dOut . out, by a warp; chains over the dimensions equal modulo 32, then a tree. */
template <typename T>
inline void delta(const T* dOut, const T* out, int size, int count, float* deltas) {
  int index = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32;
  if (index >= count) {
    return;
  }
  long long from = (long long)index * size;
  float sum = 0.0f;
  for (int d = threadIdx.x % 32; d < size; d += 32) {
    sum = fmaf(toFloat(dOut[from + d]), toFloat(out[from + d]), sum);
  }
  sum = warpSum(sum);
  if (threadIdx.x % 32 == 0) {
    deltas[index] = sum;
  }
}

extern "C" __global__ void attentionDeltaF32(const float* dOut, const float* out, int size, int count,
                                             float* deltas) {
  delta(dOut, out, size, count, deltas);
}

extern "C" __global__ void attentionDeltaBf16(const bf16* dOut, const bf16* out, int size, int count,
                                              float* deltas) {
  delta(dOut, out, size, count, deltas);
}

/** Gradients of an item's queries, over all keys that they see, in order. */
inline void queryGradients(const float* dOut, const float* fused, int queries, int keyHeads, int size, const int* items,
                           const int* rows, const int* ends, Form form, const float* logs, const float* deltas,
                           float* dFused) {
  constexpr int COLUMNS = HEAD / 32;
  constexpr int HALVES = GRADIENT_TILE / 32;
  float* queryRows = dynamicShared<float>();
  float* dOutRows = queryRows + VECTORS * HEAD;
  float* keyTile = dOutRows + VECTORS * HEAD;
  float* valueTile = keyTile + GRADIENT_TILE * (HEAD + 1);
  int lane = threadIdx.x % 32;
  int warp = threadIdx.x / 32;
  float* slopes = valueTile + GRADIENT_TILE * (HEAD + 1) + warp * OF_WARP * GRADIENT_TILE;
  Item item = readItem(items, blockIdx.x);
  int keyHead = blockIdx.y;
  int group = queries / keyHeads;
  PackedRows<float> source = packedRows(fused, queries, keyHeads, size);
  for (int i = threadIdx.x; i < VECTORS * HEAD; i += ATTEND_THREADS) {
    Query q = query(item, item.fromVector + i / HEAD, group, keyHead, rows, ends, form);
    int d = i % HEAD;
    bool there = q.row >= 0 && d < size;
    queryRows[i] = there ? (fused[source.columns * q.row + q.head * size + d]) : 0.0f;
    dOutRows[i] = there ? (dOut[((long long)q.row * queries + q.head) * size + d]) : 0.0f;
  }
  Query mine[OF_WARP];
  float log[OF_WARP];
  float delta[OF_WARP];
  float gradient[OF_WARP][COLUMNS] = {};
#pragma unroll
  for (int i = 0; i < OF_WARP; i++) {
    mine[i] = query(item, item.fromVector + warp * OF_WARP + i, group, keyHead, rows, ends, form);
    long long at = (long long)mine[i].row * queries + mine[i].head;
    log[i] = mine[i].row < 0 ? 0.0f : logs[at];
    delta[i] = mine[i].row < 0 ? 0.0f : deltas[at];
  }
  Seen seen = tilesSeen(item, group, ends, form);
  for (int base = seen.from * TILE; base < seen.end; base += GRADIENT_TILE) {
    __syncthreads();
    stage<float, GRADIENT_TILE>(keyTile, base, seen.end, size,
                   [&](int position) { return source.key(item, position, keyHead, size); });
    stage<float, GRADIENT_TILE>(valueTile, base, seen.end, size,
                   [&](int position) { return source.value(item, position, keyHead, size); });
    __syncthreads();
    float products[OF_WARP][HALVES] = {};
    float weighted[OF_WARP][HALVES] = {};
    for (int d = 0; d < HEAD; d++) {
#pragma unroll
      for (int i = 0; i < OF_WARP; i++) {
        float q = queryRows[(warp * OF_WARP + i) * HEAD + d];
        float g = dOutRows[(warp * OF_WARP + i) * HEAD + d];
#pragma unroll
        for (int half = 0; half < HALVES; half++) {
          int at = (lane + 32 * half) * (HEAD + 1) + d;
          products[i][half] = fmaf(q, keyTile[at], products[i][half]);
          weighted[i][half] = fmaf(g, valueTile[at], weighted[i][half]);
        }
      }
    }
#pragma unroll
    for (int i = 0; i < OF_WARP; i++) {
#pragma unroll
      for (int half = 0; half < HALVES; half++) {
        int position = base + lane + 32 * half;
        bool visible = position >= mine[i].first && position < mine[i].end;
        float logit = form.logit(products[i][half]);
        float p = visible ? expExact(logit - log[i]) : 0.0f;
        float dS = form.scale * p * (weighted[i][half] - delta[i]) * form.slope(logit);
        slopes[(lane + 32 * half) * OF_WARP + i] = visible ? dS : 0.0f;
      }
    }
    __syncwarp();
    for (int position = 0; position < GRADIENT_TILE; position++) {
#pragma unroll
      for (int c = 0; c < COLUMNS; c++) {
        float key = keyTile[position * (HEAD + 1) + lane + 32 * c];
#pragma unroll
        for (int i = 0; i < OF_WARP; i++) {
          gradient[i][c] = fmaf(slopes[position * OF_WARP + i], key, gradient[i][c]);
        }
      }
    }
  }
#pragma unroll
  for (int i = 0; i < OF_WARP; i++) {
#pragma unroll
    for (int c = 0; c < COLUMNS; c++) {
      int d = lane + 32 * c;
      if (mine[i].row >= 0 && d < size) {
        store(dFused + source.columns * mine[i].row + mine[i].head * size + d, gradient[i][c]);
      }
    }
  }
}

extern "C" __global__ void __launch_bounds__(ATTEND_THREADS)
    attentionQueryGradientsF32(const float* dOut, const float* fused, int queries, int keyHeads, int size,
                               const int* items, const int* rows, const int* ends, float scale, float cap,
                               int window, const float* logs, const float* deltas, float* dFused) {
  queryGradients(dOut, fused, queries, keyHeads, size, items, rows, ends, Form{scale, cap, window}, logs, deltas,
                 dFused);
}

/** Keys of a block that makes their gradients. */
constexpr int KEYS = 32;

/** sums[k] += factors[vector][k] x rows[vector], vector after vector: a thread's columns. */
template <int OWN, int COLUMNS>
inline void addVectors(float (&sums)[OWN][COLUMNS], const float* factors, const float* rows) {
  for (int vector = 0; vector < VECTORS; vector++) {
#pragma unroll
    for (int c = 0; c < COLUMNS; c++) {
      float number = rows[vector * HEAD + 32 * c];
#pragma unroll
      for (int k = 0; k < OWN; k++) {
        sums[k][c] = fmaf(factors[vector * KEYS + k], number, sums[k][c]);
      }
    }
  }
}

/**
 * Gradients of KEYS keys and values of one head, over the rows of an item's viewers in order, all the
 * group's heads of a row after one another. An item is {first key row, end, first viewer, end, slot};
 * with a slot its sums are a part, [head][slot][KEYS][2][HEAD].
 */
inline void keyGradients(const float* dOut, const float* fused, int queries, int keyHeads, int size, const int* items,
                         const int* viewers, Form form, const float* logs, const float* deltas, float* dFused,
                         float* parts, int slots) {
  constexpr int COLUMNS = HEAD / 32;
  constexpr int OWN = KEYS / 4;
  float* queryRows = dynamicShared<float>();
  float* dOutRows = queryRows + VECTORS * HEAD;
  float* keyRows = dOutRows + VECTORS * HEAD;
  float* valueRows = keyRows + KEYS * (HEAD + 1);
  // Slopes, then weights: one after the other, so that a block of the largest heads fits on every GPU.
  float* factors = valueRows + KEYS * (HEAD + 1);
  int lane = threadIdx.x % 32;
  int warp = threadIdx.x / 32;
  int keyHead = blockIdx.y;
  int group = queries / keyHeads;
  const int* item = items + 5LL * blockIdx.x;
  int fromKey = item[0];
  int toKey = item[1];
  PackedRows<float> source = packedRows(fused, queries, keyHeads, size);
  for (int i = threadIdx.x; i < KEYS * HEAD; i += ATTEND_THREADS) {
    int key = i / HEAD;
    int d = i % HEAD;
    bool there = d < size && fromKey + key < toKey;
    long long at = source.columns * (fromKey + key) + (long long)keyHead * size + d;
    keyRows[key * (HEAD + 1) + d] = there ? (source.keys[at]) : 0.0f;
    valueRows[key * (HEAD + 1) + d] = there ? (source.values[at]) : 0.0f;
  }
  float dKeys[OWN][COLUMNS] = {};
  float dValues[OWN][COLUMNS] = {};
  for (int v = item[2]; v < item[3]; v++) {
    const int* fields = viewers + (long long)VIEWER_INTS * v;
    Viewer viewer{fields[0], fields[1], fields[2], fields[3], fields[4], fields[5]};
    int key = fromKey + lane;
    bool there = key < toKey && key >= viewer.fromKey && key < viewer.toKey;
    int position = viewer.position + key - viewer.fromKey;
    int vectors = (viewer.toRow - viewer.fromRow) * group;
    for (int from = 0; from < vectors; from += VECTORS) {
      __syncthreads();
      for (int i = threadIdx.x; i < VECTORS * HEAD; i += ATTEND_THREADS) {
        int vector = from + i / HEAD;
        int d = i % HEAD;
        bool inside = vector < vectors && d < size;
        long long row = viewer.fromRow + vector / group;
        int head = keyHead * group + vector % group;
        queryRows[i] = inside ? (fused[source.columns * row + head * size + d]) : 0.0f;
        dOutRows[i] = inside ? (dOut[(row * queries + head) * size + d]) : 0.0f;
      }
      __syncthreads();
      float products[OF_WARP] = {};
      float weighted[OF_WARP] = {};
      for (int d = 0; d < HEAD; d++) {
        float k = keyRows[lane * (HEAD + 1) + d];
        float w = valueRows[lane * (HEAD + 1) + d];
#pragma unroll
        for (int i = 0; i < OF_WARP; i++) {
          products[i] = fmaf(queryRows[(warp * OF_WARP + i) * HEAD + d], k, products[i]);
          weighted[i] = fmaf(dOutRows[(warp * OF_WARP + i) * HEAD + d], w, weighted[i]);
        }
      }
      float p[OF_WARP];
#pragma unroll
      for (int i = 0; i < OF_WARP; i++) {
        int vector = from + warp * OF_WARP + i;
        int row = viewer.fromRow + vector / group;
        int end = row + viewer.toEnd;
        bool visible = there && vector < vectors && position < end && position >= form.firstSeen(end);
        p[i] = 0.0f;
        float dS = 0.0f;
        if (visible) {
          long long at = (long long)row * queries + keyHead * group + vector % group;
          float logit = form.logit(products[i]);
          p[i] = expExact(logit - logs[at]);
          dS = form.scale * p[i] * (weighted[i] - deltas[at]) * form.slope(logit);
        }
        factors[(warp * OF_WARP + i) * KEYS + lane] = dS;
      }
      __syncthreads();
      addVectors(dKeys, factors + warp * OWN, queryRows + lane);
      __syncthreads();
#pragma unroll
      for (int i = 0; i < OF_WARP; i++) {
        factors[(warp * OF_WARP + i) * KEYS + lane] = p[i];
      }
      __syncthreads();
      addVectors(dValues, factors + warp * OWN, dOutRows + lane);
    }
  }
  int slot = item[4];
#pragma unroll
  for (int k = 0; k < OWN; k++) {
    int key = warp * OWN + k;
#pragma unroll
    for (int c = 0; c < COLUMNS; c++) {
      int d = lane + 32 * c;
      if (slot >= 0) {
        long long at = ((long long)keyHead * slots + slot) * KEYS + key;
        parts[(2 * at) * HEAD + d] = dKeys[k][c];
        parts[(2 * at + 1) * HEAD + d] = dValues[k][c];
      } else if (fromKey + key < toKey && d < size) {
        long long at = source.columns * (fromKey + key) + (long long)(queries + keyHead) * size + d;
        store(dFused + at, dKeys[k][c]);
        store(dFused + at + (long long)keyHeads * size, dValues[k][c]);
      }
    }
  }
}

/** Sums of the parts of some keys in order: an item is {first key row, end, first slot, end}. */
template <int PART_KEYS, typename T>
inline void sumKeyParts(const float* parts, int slots, const int* items, int queries, int keyHeads, int size,
                        T* dFused) {
  const int* item = items + 4LL * blockIdx.x;
  int keyHead = blockIdx.y;
  long long columns = (long long)(queries + 2 * keyHeads) * size;
  for (int i = threadIdx.x; i < (item[1] - item[0]) * 2 * size; i += blockDim.x) {
    int key = i / (2 * size);
    int isValue = i / size % 2;
    int d = i % size;
    float sum = 0.0f;
    for (int slot = item[2]; slot < item[3]; slot++) {
      long long at = ((long long)keyHead * slots + slot) * PART_KEYS + key;
      sum += parts[(2 * at + isValue) * HEAD + d];
    }
    store(dFused + columns * (item[0] + key) + (long long)(queries + keyHeads * isValue + keyHead) * size + d, sum);
  }
}

extern "C" __global__ void __launch_bounds__(ATTEND_THREADS)
    attentionKeyGradientsF32(const float* dOut, const float* fused, int queries, int keyHeads, int size,
                             const int* items, const int* viewers, float scale, float cap, int window,
                             const float* logs, const float* deltas, float* dFused, float* parts, int slots) {
  keyGradients(dOut, fused, queries, keyHeads, size, items, viewers, Form{scale, cap, window}, logs, deltas, dFused,
               parts, slots);
}

extern "C" __global__ void attentionSumF32(const float* parts, int slots, const int* items, int queries,
                                           int keyHeads, int size, float* dFused) {
  sumKeyParts<KEYS>(parts, slots, items, queries, keyHeads, size, dFused);
}

extern "C" __global__ void __launch_bounds__(QUERY_THREADS)
    attentionQueryGradientsBf16(const bf16* dOut, const bf16* fused, int queries, int keyHeads, int size,
                                const int* items, const int* rows, const int* ends, float scale, float cap,
                                int window, const float* logs, const float* deltas, bf16* dFused) {
  queryGradientsTensor(dOut, fused, queries, keyHeads, size, items, rows, ends, Form{scale, cap, window}, logs,
                       deltas, dFused);
}

extern "C" __global__ void __launch_bounds__(KEY_THREADS)
    attentionKeyGradientsBf16(const bf16* dOut, const bf16* fused, int queries, int keyHeads, int size,
                              const int* items, const int* viewers, float scale, float cap, int window,
                              const float* logs, const float* deltas, bf16* dFused, float* parts, int slots) {
  keyGradientsTensor(dOut, fused, queries, keyHeads, size, items, viewers, Form{scale, cap, window}, logs, deltas,
                     dFused, parts, slots);
}

extern "C" __global__ void attentionSumBf16(const float* parts, int slots, const int* items, int queries,
                                            int keyHeads, int size, bf16* dFused) {
  sumKeyParts<TENSOR_KEYS>(parts, slots, items, queries, keyHeads, size, dFused);
}
