// Attention of query vectors over tiles of keys, forward; packed and cached attention are this code.
// HEAD is the head's size rounded up to a multiple of 32.
//
// A query vector's arithmetic, whatever stands beside it. Positions are cut into tiles of 64 from
// the sequence's start, prefix included. Of each tile that it sees: products in chains of fma over
// the head's dimensions; m the largest logit; p = exp(s - m); l the sum of p, eight chains over the
// positions that are equal modulo 8, then a tree; a = chains of fma over positions of p v. Tiles are
// merged in order into the state (m, l, a) of a chunk of four, chunks in order into the vector's. A
// tile that the vector does not see leaves its state as it is, to the bit.
#pragma once

#include "numbers.h"

/** Positions of a tile; a cache's page is one. */
constexpr int TILE = 64;

/** Positions of a chunk: a sequence may be split between them. */
constexpr int CHUNK = 256;

/** What an item says, in this order: see io.whetstone.cuda.AttentionItems. One of zeros is nothing to do. */
struct Item {
  int entry;
  int fromVector;
  int toVector;
  int a;
  int b;
  int c;
  int fromChunk;
  int toChunk;
  int slot;
};

constexpr int ITEM_INTS = 9;

inline Item readItem(const int* items, int index) {
  const int* at = items + (long long)ITEM_INTS * index;
  return Item{at[0], at[1], at[2], at[3], at[4], at[5], at[6], at[7], at[8]};
}

/** Logits are factor * product, or cap * tanh(factor * product) where capped. */
struct Form {
  float scale;
  float cap;
  int window;

  inline int firstSeen(int end) const { return window == 0 || end < window ? 0 : end - window; }

  inline float logit(float product) const {
    return cap > 0.0f ? tanhExact(product * (scale / cap)) * cap : product * scale;
  }

  /** Of the cap, where the logit is this. */
  inline float slope(float logit) const {
    if (cap == 0.0f) {
      return 1.0f;
    }
    float ratio = logit / cap;
    return 1.0f - ratio * ratio;
  }
};

/** Keys and values in the rows of a packed batch: the item's prefix rows, then its own. */
template <typename T>
struct PackedRows {
  const T* keys;
  const T* values;
  long long columns;

  inline long long row(const Item& item, int position) const {
    return (position < item.b ? item.a : item.c) + (long long)position;
  }
  inline const T* key(const Item& item, int position, int head, int size) const {
    return keys + columns * row(item, position) + (long long)head * size;
  }
  inline const T* value(const Item& item, int position, int head, int size) const {
    return values + columns * row(item, position) + (long long)head * size;
  }
};

/** Keys and values in a cache's pages: [page][head][keys, values][TILE][size]. */
template <typename T>
struct PagedRows {
  const T* layer;
  const int* pages;
  int heads;

  inline const T* key(const Item& item, int position, int head, int size) const {
    long long tile = (long long)pages[item.a + position / TILE] * heads + head;
    return layer + (tile * 2 * TILE + position % TILE) * size;
  }
  inline const T* value(const Item& item, int position, int head, int size) const {
    return key(item, position, head, size) + (long long)TILE * size;
  }
};

/** max, sum and how the sums so far and the new ones are to be scaled when two states are merged. */
struct Merge {
  float max;
  float sum;
  float before;
  float added;
};

/** The state (max, sum) with (newMax, newSum) after it; an empty one has a max of -inf. */
inline Merge merge(float max, float sum, float newMax, float newSum) {
  float most = newMax > max ? newMax : max;
  float before = max == -infinity() ? 0.0f : expExact(max - most);
  float added = newMax == -infinity() ? 0.0f : expExact(newMax - most);
  return Merge{most, fmaf(newSum, added, sum * before), before, added};
}

/** A merged number; a state that adds nothing leaves it as it was. */
inline float merged(float value, float before, float newValue, float added) {
  return fmaf(newValue, added, value * before);
}

/** Rows that see some keys: see io.whetstone.cuda.KeyItems. */
struct Viewer {
  int fromRow;
  int toRow;
  int fromKey;
  int toKey;
  int position;
  int toEnd;
};

constexpr int VIEWER_INTS = 6;

/** Keys of a tile where gradients of queries are made: fewer where heads are large. */
constexpr int GRADIENT_TILE = HEAD > 128 ? 32 : 64;

/** Query vectors of a block, and what it needs of each. */
constexpr int VECTORS = 16;

/** Threads of a block: a warp has four vectors. */
constexpr int ATTEND_THREADS = 128;
constexpr int OF_WARP = 4;

/** Of a vector of an item: its row, its head, and the positions [first, end) that it sees. */
struct Query {
  int row;
  int head;
  int first;
  int end;
};

inline Query query(const Item& item, int vector, int group, int keyHead, const int* rows, const int* ends,
                   const Form& form) {
  if (vector >= item.toVector) {
    return Query{-1, 0, 0, 0};
  }
  int entry = item.entry + vector / group;
  int end = ends[entry];
  return Query{rows[entry], keyHead * group + vector % group, form.firstSeen(end), end};
}

/** The tiles [from, to) that any of an item's vectors sees within its chunks, and the end of what they see. */
struct Seen {
  int from;
  int to;
  int end;
};

inline Seen tilesSeen(const Item& item, int group, const int* ends, const Form& form) {
  int first = 0x7fffffff;
  int end = 0;
  for (int entry = item.fromVector / group; entry * group < item.toVector; entry++) {
    int seen = ends[item.entry + entry];
    int firstSeen = form.firstSeen(seen);
    first = firstSeen < first ? firstSeen : first;
    end = seen > end ? seen : end;
  }
  int from = item.fromChunk * (CHUNK / TILE);
  int to = item.toChunk * (CHUNK / TILE);
  int last = (end + TILE - 1) / TILE;
  return Seen{first / TILE > from ? first / TILE : from, last < to ? last : to, end};
}

/** Copies COUNT keys or values to shared rows of HEAD + 1 floats; zeros beyond the size and the end. */
template <typename T, int COUNT = TILE, typename Address>
inline void stage(float* shared, int from, int end, int size, Address address) {
  for (int i = threadIdx.x; i < COUNT * HEAD; i += blockDim.x) {
    int position = i / HEAD;
    int d = i % HEAD;
    float value = 0.0f;
    if (d < size && from + position < end) {
      value = toFloat(address(from + position)[d]);
    }
    shared[position * (HEAD + 1) + d] = value;
  }
}

/** Floats of shared memory that attend needs. */

constexpr int attendFloats() {
  return VECTORS * HEAD + TILE * (HEAD + 1) + VECTORS * TILE + 2 * VECTORS;
}

/**
 * One item and key head, by a block. Results go to out and, where that is not null, to logs; or, for
 * an item with a slot, the state goes to partial sums: [vector][HEAD], and (max, sum) of each.
 */
template <typename T, typename Source>
inline void attend(float* shared, const T* fused, int queries, int keyHeads, int size, Source source,
                   const int* items, const int* rows, const int* ends, Form form, T* out, float* logs,
                   float* partial, float* partialStates, int slots) {
  constexpr int COLUMNS = HEAD / 32;
  Item item = readItem(items, blockIdx.x);
  if (item.toVector == 0) {
    return;
  }
  int keyHead = blockIdx.y;
  int group = queries / keyHeads;
  int lane = threadIdx.x % 32;
  int warp = threadIdx.x / 32;
  float* queryRows = shared;
  float* tile = queryRows + VECTORS * HEAD;
  float* weights = tile + TILE * (HEAD + 1) + warp * OF_WARP * TILE;
  float* factors = tile + TILE * (HEAD + 1) + VECTORS * TILE + warp * OF_WARP * 2;
  long long fusedColumns = (long long)(queries + 2 * keyHeads) * size;

  for (int i = threadIdx.x; i < VECTORS * HEAD; i += ATTEND_THREADS) {
    Query q = query(item, item.fromVector + i / HEAD, group, keyHead, rows, ends, form);
    int d = i % HEAD;
    queryRows[i] = q.row < 0 || d >= size ? 0.0f : toFloat(fused[fusedColumns * q.row + q.head * size + d]);
  }
  Seen seen = tilesSeen(item, group, ends, form);

  // Eight lanes keep the state of one of the warp's vectors; all lanes have columns of all four.
  int own = lane / 8;
  Query mine = query(item, item.fromVector + warp * OF_WARP + own, group, keyHead, rows, ends, form);
  float totalMax = -infinity();
  float totalSum = 0.0f;
  float chunkMax = -infinity();
  float chunkSum = 0.0f;
  float total[OF_WARP][COLUMNS] = {};
  float chunk[OF_WARP][COLUMNS] = {};

  for (int t = seen.from; t < seen.to; t++) {
    int base = t * TILE;
    __syncthreads();
    stage<T>(tile, base, seen.end, size,
                   [&](int position) { return source.key(item, position, keyHead, size); });
    __syncthreads();
    float products[OF_WARP][2] = {};
    for (int d = 0; d < HEAD; d++) {
      float low = tile[lane * (HEAD + 1) + d];
      float high = tile[(lane + 32) * (HEAD + 1) + d];
#pragma unroll
      for (int i = 0; i < OF_WARP; i++) {
        float q = queryRows[(warp * OF_WARP + i) * HEAD + d];
        products[i][0] = fmaf(q, low, products[i][0]);
        products[i][1] = fmaf(q, high, products[i][1]);
      }
    }
#pragma unroll
    for (int i = 0; i < OF_WARP; i++) {
      weights[lane * OF_WARP + i] = products[i][0];
      weights[(lane + 32) * OF_WARP + i] = products[i][1];
    }
    __syncthreads();
    stage<T>(tile, base, seen.end, size,
                   [&](int position) { return source.value(item, position, keyHead, size); });

    float logits[8];
    float most = -infinity();
#pragma unroll
    for (int i = 0; i < 8; i++) {
      int position = lane % 8 + 8 * i;
      bool visible = base + position >= mine.first && base + position < mine.end;
      logits[i] = visible ? form.logit(weights[position * OF_WARP + own]) : -infinity();
      most = logits[i] > most ? logits[i] : most;
    }
    for (int apart = 4; apart > 0; apart /= 2) {
      float other = __shfl_xor_sync(numbers::WARP, most, apart);
      most = other > most ? other : most;
    }
    float sum = 0.0f;
#pragma unroll
    for (int i = 0; i < 8; i++) {
      float p = logits[i] == -infinity() ? 0.0f : expExact(logits[i] - most);
      weights[(lane % 8 + 8 * i) * OF_WARP + own] = p;
      sum += p;
    }
    for (int apart = 4; apart > 0; apart /= 2) {
      sum += __shfl_xor_sync(numbers::WARP, sum, apart);
    }
    bool newChunk = t % (CHUNK / TILE) == 0;
    if (newChunk) {
      Merge whole = merge(totalMax, totalSum, chunkMax, chunkSum);
      totalMax = whole.max;
      totalSum = whole.sum;
      chunkMax = -infinity();
      chunkSum = 0.0f;
      __syncwarp();
      if (lane % 8 == 0) {
        factors[2 * own] = whole.before;
        factors[2 * own + 1] = whole.added;
      }
      __syncwarp();
#pragma unroll
      for (int i = 0; i < OF_WARP; i++) {
        float before = factors[2 * i];
        float added = factors[2 * i + 1];
#pragma unroll
        for (int c = 0; c < COLUMNS; c++) {
          total[i][c] = merged(total[i][c], before, chunk[i][c], added);
          chunk[i][c] = 0.0f;
        }
      }
    }
    Merge next = merge(chunkMax, chunkSum, most, sum);
    chunkMax = next.max;
    chunkSum = next.sum;
    __syncwarp();
    if (lane % 8 == 0) {
      factors[2 * own] = next.before;
      factors[2 * own + 1] = next.added;
    }
    __syncthreads();
    float sums[OF_WARP][COLUMNS] = {};
    for (int position = 0; position < TILE; position++) {
      float p[OF_WARP];
#pragma unroll
      for (int i = 0; i < OF_WARP; i++) {
        p[i] = weights[position * OF_WARP + i];
      }
#pragma unroll
      for (int c = 0; c < COLUMNS; c++) {
        float value = tile[position * (HEAD + 1) + lane + 32 * c];
#pragma unroll
        for (int i = 0; i < OF_WARP; i++) {
          sums[i][c] = fmaf(p[i], value, sums[i][c]);
        }
      }
    }
#pragma unroll
    for (int i = 0; i < OF_WARP; i++) {
      float before = factors[2 * i];
      float added = factors[2 * i + 1];
#pragma unroll
      for (int c = 0; c < COLUMNS; c++) {
        chunk[i][c] = merged(chunk[i][c], before, sums[i][c], added);
      }
    }
  }

  Merge whole = merge(totalMax, totalSum, chunkMax, chunkSum);
  __syncwarp();
  if (lane % 8 == 0) {
    factors[2 * own] = whole.before;
    factors[2 * own + 1] = whole.added;
  }
  __syncwarp();
  float inverse[OF_WARP];
#pragma unroll
  for (int i = 0; i < OF_WARP; i++) {
#pragma unroll
    for (int c = 0; c < COLUMNS; c++) {
      total[i][c] = merged(total[i][c], factors[2 * i], chunk[i][c], factors[2 * i + 1]);
    }
  }
  __syncwarp();
  if (lane % 8 == 0) {
    factors[own] = whole.sum;
  }
  __syncwarp();
#pragma unroll
  for (int i = 0; i < OF_WARP; i++) {
    inverse[i] = 1.0f / factors[i];
  }
  if (item.slot < 0) {
#pragma unroll
    for (int i = 0; i < OF_WARP; i++) {
      Query q = query(item, item.fromVector + warp * OF_WARP + i, group, keyHead, rows, ends, form);
#pragma unroll
      for (int c = 0; c < COLUMNS; c++) {
        int d = lane + 32 * c;
        if (q.row >= 0 && d < size) {
          store(out + ((long long)q.row * queries + q.head) * size + d, total[i][c] * inverse[i] + 0.0f);
        }
      }
    }
    if (logs != nullptr && mine.row >= 0 && lane % 8 == 0) {
      logs[(long long)mine.row * queries + mine.head] = whole.max + logExact(whole.sum);
    }
  } else {
    long long first = (long long)keyHead * slots + item.slot - item.fromVector;
#pragma unroll
    for (int i = 0; i < OF_WARP; i++) {
      int vector = item.fromVector + warp * OF_WARP + i;
#pragma unroll
      for (int c = 0; c < COLUMNS; c++) {
        if (vector < item.toVector) {
          partial[(first + vector) * HEAD + lane + 32 * c] = total[i][c];
        }
      }
    }
    if (mine.row >= 0 && lane % 8 == 0) {
      int vector = item.fromVector + warp * OF_WARP + own;
      partialStates[2 * (first + vector)] = whole.max;
      partialStates[2 * (first + vector) + 1] = whole.sum;
    }
  }
}
