// Gradients of attention for bfloat16 on tensor cores. Products take 16 dimensions at a time in their
// order; p and dS go into the second products as the sum of two bfloat16s, as in attend_tensor.h.
#pragma once

#include "attend_tensor.h"

/** Rows in shared memory: 16 bytes apart modulo 128, or an odd multiple of that. */
constexpr int ROW_STRIDE = HEAD + 8;

/** Copies rows to shared memory by all threads; zeros beyond the size and where there is no row. */
template <typename Address>
inline void copyRows(bf16* shared, int count, int threads, int size, bool aligned, Address address) {
  for (int i = threadIdx.x; i < count * COLUMN_TILES; i += threads) {
    int d = i % COLUMN_TILES * 8;
    bf16* to = shared + i / COLUMN_TILES * ROW_STRIDE + d;
    const bf16* from = d < size ? address(i / COLUMN_TILES) : nullptr;
    if (from != nullptr && aligned) {
      copyAsync16(to, from + d);
    } else {
      *reinterpret_cast<uint4*>(to) = from == nullptr ? make_uint4(0, 0, 0, 0) : loadEight(from, d, size, false);
    }
  }
}

/** products += 16 rows x COUNT rows, over the head's dimensions; both begin in shared memory. */
template <int COUNT>
inline void multiplyRows(float (&products)[COUNT / 8][4], const bf16* rows, const bf16* others) {
  int lane = threadIdx.x % 32;
  // Matrices of 8 x 8: of the rows down first, then right; of the others right first.
  const bf16* row = rows + lane % 16 * ROW_STRIDE + lane / 16 * 8;
  const bf16* other = others + (lane % 8 + lane / 16 * 8) * ROW_STRIDE + lane / 8 % 2 * 8;
#pragma unroll
  for (int d = 0; d < HEAD; d += 16) {
    unsigned a[4];
    ldmatrix4(a, row + d);
#pragma unroll
    for (int j = 0; j < COUNT / 8; j += 2) {
      unsigned b[4];
      ldmatrix4(b, other + 8 * j * ROW_STRIDE + d);
      unsigned first[2] = {b[0], b[1]};
      unsigned second[2] = {b[2], b[3]};
      mma16816(products[j], a, first);
      mma16816(products[j + 1], a, second);
    }
  }
}

/** Numbers of 16 x COUNT as the left factor of a product: their bfloat16s and what is left. */
template <int COUNT>
struct Split {
  unsigned high[COUNT / 16][4];
  unsigned low[COUNT / 16][4];

  inline void set(const float (&numbers)[COUNT / 8][4]) {
#pragma unroll
    for (int j = 0; j < COUNT / 8; j++) {
#pragma unroll
      for (int half = 0; half < 2; half++) {
        split(numbers[j][2 * half], numbers[j][2 * half + 1], high[j / 2][j % 2 * 2 + half],
              low[j / 2][j % 2 * 2 + half]);
      }
    }
  }
};

/**
 * sums += 16 x COUNT numbers x COUNT rows, the columns [0, COLUMNS) from where the rows begin. The
 * product is summed from zero first: tensor cores cut what they add off, which over thousands of rows
 * would be felt.
 */
template <int COUNT, int COLUMNS>
inline void addRows(float (&sums)[COLUMNS / 8][4], const Split<COUNT>& factor, const bf16* rows) {
  int lane = threadIdx.x % 32;
  const bf16* row = rows + lane % 16 * ROW_STRIDE + lane / 16 * 8;
#pragma unroll
  for (int n = 0; n < COLUMNS / 8; n += 2) {
    float products[2][4] = {};
#pragma unroll
    for (int step = 0; step < COUNT / 16; step++) {
      unsigned b[4];
      ldmatrix4Transposed(b, row + 16 * step * ROW_STRIDE + 8 * n);
      unsigned first[2] = {b[0], b[1]};
      unsigned second[2] = {b[2], b[3]};
      mma16816(products[0], factor.high[step], first);
      mma16816(products[0], factor.low[step], first);
      mma16816(products[1], factor.high[step], second);
      mma16816(products[1], factor.low[step], second);
    }
#pragma unroll
    for (int c = 0; c < 4; c++) {
      sums[n][c] += products[0][c];
      sums[n + 1][c] += products[1][c];
    }
  }
}

// ---- queries: a warp has 16 of them

constexpr int QUERY_THREADS = WIDE_VECTORS / WARP_VECTORS * 32;

/** Gradients of an item's queries, over all keys that they see, in order. */
inline void queryGradientsTensor(const bf16* dOut, const bf16* fused, int queries, int keyHeads, int size,
                                 const int* items, const int* rows, const int* ends, Form form, const float* logs,
                                 const float* deltas, bf16* dFused) {
  bf16* queryRows = dynamicShared<bf16>();
  bf16* dOutRows = queryRows + WIDE_VECTORS * ROW_STRIDE;
  bf16* keyTile = dOutRows + WIDE_VECTORS * ROW_STRIDE;
  bf16* valueTile = keyTile + GRADIENT_TILE * ROW_STRIDE;
  int t = threadIdx.x % 4;
  int warp = threadIdx.x / 32;
  Item item = readItem(items, blockIdx.x);
  int keyHead = blockIdx.y;
  int group = queries / keyHeads;
  bool aligned = alignedRows(fused, size);
  PackedRows<bf16> source{fused + (long long)queries * size, fused + (long long)(queries + keyHeads) * size,
                          (long long)(queries + 2 * keyHeads) * size};
  copyRows(queryRows, WIDE_VECTORS, QUERY_THREADS, size, aligned, [&](int i) -> const bf16* {
    Query q = query(item, item.fromVector + i, group, keyHead, rows, ends, form);
    return q.row < 0 ? nullptr : fused + source.columns * q.row + (long long)q.head * size;
  });
  copyRows(dOutRows, WIDE_VECTORS, QUERY_THREADS, size, alignedRows(dOut, size), [&](int i) -> const bf16* {
    Query q = query(item, item.fromVector + i, group, keyHead, rows, ends, form);
    return q.row < 0 ? nullptr : dOut + ((long long)q.row * queries + q.head) * size;
  });
  Pair pair = queryPair(item, item.fromVector + warp * WARP_VECTORS, group, keyHead, rows, ends, form);
  float log[2];
  float delta[2];
#pragma unroll
  for (int half = 0; half < 2; half++) {
    const Query& own = pair.query[half];
    long long at = (long long)own.row * queries + own.head;
    log[half] = own.row < 0 ? 0.0f : logs[at];
    delta[half] = own.row < 0 ? 0.0f : deltas[at];
  }
  float gradient[COLUMN_TILES][4] = {};
  Seen seen = tilesSeen(item, group, ends, form);
  for (int base = seen.from * TILE; base < seen.end; base += GRADIENT_TILE) {
    __syncthreads();
    copyRows(keyTile, GRADIENT_TILE, QUERY_THREADS, size, aligned, [&](int i) -> const bf16* {
      return base + i < seen.end ? source.key(item, base + i, keyHead, size) : nullptr;
    });
    copyRows(valueTile, GRADIENT_TILE, QUERY_THREADS, size, aligned, [&](int i) -> const bf16* {
      return base + i < seen.end ? source.value(item, base + i, keyHead, size) : nullptr;
    });
    copyAsyncCommit();
    copyAsyncWait<0>();
    __syncthreads();
    float products[GRADIENT_TILE / 8][4] = {};
    float weighted[GRADIENT_TILE / 8][4] = {};
    multiplyRows<GRADIENT_TILE>(products, queryRows + warp * WARP_VECTORS * ROW_STRIDE, keyTile);
    multiplyRows<GRADIENT_TILE>(weighted, dOutRows + warp * WARP_VECTORS * ROW_STRIDE, valueTile);
#pragma unroll
    for (int j = 0; j < GRADIENT_TILE / 8; j++) {
#pragma unroll
      for (int c = 0; c < 4; c++) {
        const Query& own = pair.query[c / 2];
        int position = base + 8 * j + 2 * t + c % 2;
        bool visible = position >= own.first && position < own.end;
        float logit = form.logit(products[j][c]);
        float p = visible ? expExact(logit - log[c / 2]) : 0.0f;
        float dS = form.scale * p * (weighted[j][c] - delta[c / 2]) * form.slope(logit);
        products[j][c] = visible ? dS : 0.0f;
      }
    }
    Split<GRADIENT_TILE> slopes;
    slopes.set(products);
    addRows<GRADIENT_TILE, HEAD>(gradient, slopes, keyTile);
  }
#pragma unroll
  for (int half = 0; half < 2; half++) {
    const Query& own = pair.query[half];
    if (own.row >= 0) {
      bf16* to = dFused + source.columns * own.row + (long long)own.head * size;
#pragma unroll
      for (int n = 0; n < COLUMN_TILES; n++) {
        storePair(to, 8 * n + 2 * t, size, gradient[n][2 * half], gradient[n][2 * half + 1]);
      }
    }
  }
}

// ---- keys and values: a warp has 16 keys

constexpr int TENSOR_KEYS = 64;
constexpr int KEY_THREADS = TENSOR_KEYS * 2;

/** Query vectors at a time. */
constexpr int SEEN_BY = HEAD > 192 ? 16 : 32;

/** Blocks that share a head's columns, as a thread cannot keep more of them. */
constexpr int COLUMN_PARTS = HEAD > 128 ? 2 : 1;

inline void keyGradientsTensor(const bf16* dOut, const bf16* fused, int queries, int keyHeads, int size,
                               const int* items, const int* viewers, Form form, const float* logs,
                               const float* deltas, bf16* dFused, float* parts, int slots) {
  constexpr int COLUMNS = HEAD / COLUMN_PARTS;
  bf16* keyRows = dynamicShared<bf16>();
  bf16* valueRows = keyRows + TENSOR_KEYS * ROW_STRIDE;
  bf16* queryRows = valueRows + TENSOR_KEYS * ROW_STRIDE;
  bf16* dOutRows = queryRows + SEEN_BY * ROW_STRIDE;
  float* ownLogs = reinterpret_cast<float*>(dOutRows + SEEN_BY * ROW_STRIDE);
  float* ownDeltas = ownLogs + SEEN_BY;
  int* ownEnds = reinterpret_cast<int*>(ownDeltas + SEEN_BY);
  int g = threadIdx.x % 32 / 4;
  int t = threadIdx.x % 4;
  int warp = threadIdx.x / 32;
  int keyHead = blockIdx.y;
  int group = queries / keyHeads;
  const int* item = items + 5LL * (blockIdx.x / COLUMN_PARTS);
  int fromColumn = blockIdx.x % COLUMN_PARTS * COLUMNS;
  int fromKey = item[0];
  int toKey = item[1];
  bool aligned = alignedRows(fused, size);
  bool alignedOut = alignedRows(dOut, size);
  long long columns = (long long)(queries + 2 * keyHeads) * size;
  const bf16* keys = fused + (long long)(queries + keyHead) * size;
  const bf16* values = keys + (long long)keyHeads * size;
  copyRows(keyRows, TENSOR_KEYS, KEY_THREADS, size, aligned, [&](int i) -> const bf16* {
    return fromKey + i < toKey ? keys + columns * (fromKey + i) : nullptr;
  });
  copyRows(valueRows, TENSOR_KEYS, KEY_THREADS, size, aligned, [&](int i) -> const bf16* {
    return fromKey + i < toKey ? values + columns * (fromKey + i) : nullptr;
  });
  float dKeys[COLUMNS / 8][4] = {};
  float dValues[COLUMNS / 8][4] = {};
  for (int v = item[2]; v < item[3]; v++) {
    const int* fields = viewers + (long long)VIEWER_INTS * v;
    Viewer viewer{fields[0], fields[1], fields[2], fields[3], fields[4], fields[5]};
    int vectors = (viewer.toRow - viewer.fromRow) * group;
    for (int from = 0; from < vectors; from += SEEN_BY) {
      __syncthreads();
      copyRows(queryRows, SEEN_BY, KEY_THREADS, size, aligned, [&](int i) -> const bf16* {
        int vector = from + i;
        long long row = viewer.fromRow + vector / group;
        return vector < vectors ? fused + columns * row + (keyHead * group + vector % group) * size : nullptr;
      });
      copyRows(dOutRows, SEEN_BY, KEY_THREADS, size, alignedOut, [&](int i) -> const bf16* {
        int vector = from + i;
        long long row = viewer.fromRow + vector / group;
        return vector < vectors ? dOut + (row * queries + keyHead * group + vector % group) * size : nullptr;
      });
      if (threadIdx.x < SEEN_BY) {
        int vector = from + threadIdx.x;
        long long row = viewer.fromRow + vector / group;
        long long at = row * queries + keyHead * group + vector % group;
        bool there = vector < vectors;
        ownLogs[threadIdx.x] = there ? logs[at] : 0.0f;
        ownDeltas[threadIdx.x] = there ? deltas[at] : 0.0f;
        ownEnds[threadIdx.x] = there ? row + viewer.toEnd : 0;
      }
      copyAsyncCommit();
      copyAsyncWait<0>();
      __syncthreads();
      float products[SEEN_BY / 8][4] = {};
      float weighted[SEEN_BY / 8][4] = {};
      multiplyRows<SEEN_BY>(products, keyRows + warp * 16 * ROW_STRIDE, queryRows);
      multiplyRows<SEEN_BY>(weighted, valueRows + warp * 16 * ROW_STRIDE, dOutRows);
#pragma unroll
      for (int j = 0; j < SEEN_BY / 8; j++) {
#pragma unroll
        for (int c = 0; c < 4; c++) {
          int key = fromKey + warp * 16 + g + c / 2 * 8;
          int seenBy = 8 * j + 2 * t + c % 2;
          int position = viewer.position + key - viewer.fromKey;
          int end = ownEnds[seenBy];
          bool visible = key < toKey && key >= viewer.fromKey && key < viewer.toKey && position < end &&
                         position >= form.firstSeen(end);
          float logit = form.logit(products[j][c]);
          float p = visible ? expExact(logit - ownLogs[seenBy]) : 0.0f;
          float dS = form.scale * p * (weighted[j][c] - ownDeltas[seenBy]) * form.slope(logit);
          products[j][c] = p;
          weighted[j][c] = visible ? dS : 0.0f;
        }
      }
      Split<SEEN_BY> factor;
      factor.set(products);
      addRows<SEEN_BY, COLUMNS>(dValues, factor, dOutRows + fromColumn);
      factor.set(weighted);
      addRows<SEEN_BY, COLUMNS>(dKeys, factor, queryRows + fromColumn);
    }
  }
  copyAsyncCommit();
  copyAsyncWait<0>();
  int slot = item[4];
#pragma unroll
  for (int half = 0; half < 2; half++) {
    int key = warp * 16 + g + 8 * half;
    long long part = ((long long)keyHead * slots + slot) * TENSOR_KEYS + key;
    long long row = columns * (fromKey + key) + (long long)(queries + keyHead) * size;
#pragma unroll
    for (int n = 0; n < COLUMNS / 8; n++) {
      int d = fromColumn + 8 * n + 2 * t;
      if (slot >= 0) {
#pragma unroll
        for (int c = 0; c < 2; c++) {
          parts[2 * part * HEAD + d + c] = dKeys[n][2 * half + c];
          parts[(2 * part + 1) * HEAD + d + c] = dValues[n][2 * half + c];
        }
      } else if (fromKey + key < toKey) {
        storePair(dFused + row, d, size, dKeys[n][2 * half], dKeys[n][2 * half + 1]);
        storePair(dFused + row + (long long)keyHeads * size, d, size, dValues[n][2 * half], dValues[n][2 * half + 1]);
      }
    }
  }
}
