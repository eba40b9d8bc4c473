// attend.h's arithmetic for bfloat16 on tensor cores; packed and cached attention are this code.
//
// A warp takes 16 query vectors through a tile of 64 keys. An mma's row depends on that row of A alone, so
// a vector's bits do not depend on the other rows, which are zeros where there are none. Products are sums
// over the head's dimensions, 16 at a time, in an order that lets a thread read 16 bytes of a key at once:
// of 32 dimensions, lane t of four has those from 8 t on. A weight p goes into the second product as the sum
// of two bfloat16s, which leaves an error of 2^-18 of it.
#pragma once

#include "attend.h"

/** Query vectors of a warp. */
constexpr int WARP_VECTORS = 16;

/** Steps of 32 dimensions; each is two mma's. */
constexpr int STEPS = HEAD / 32;

/** Output columns come eight at a time. */
constexpr int COLUMN_TILES = HEAD / 8;

/** Eight numbers of a row from d on, zeros beyond its size; aligned says that all rows are, to 16 bytes. */
inline uint4 loadEight(const bf16* row, int d, int size, bool aligned) {
  if (aligned) {
    return d < size ? *reinterpret_cast<const uint4*>(row + d) : make_uint4(0, 0, 0, 0);
  }
  unsigned packed[4];
#pragma unroll
  for (int i = 0; i < 4; i++) {
    unsigned low = d + 2 * i < size ? row[d + 2 * i].bits : 0;
    unsigned high = d + 2 * i + 1 < size ? row[d + 2 * i + 1].bits : 0;
    packed[i] = low | (high << 16);
  }
  return make_uint4(packed[0], packed[1], packed[2], packed[3]);
}

/** Whether rows of this size that start here are aligned to 16 bytes. */
inline bool alignedRows(const void* start, int size) {
  return size % 8 == 0 && reinterpret_cast<unsigned long long>(start) % 16 == 0;
}

/** What a thread knows of the two vectors, lane / 4 and 8 more, whose numbers it has. */
struct Pair {
  Query query[2];
};

inline Pair queryPair(const Item& item, int fromVector, int group, int keyHead, const int* rows, const int* ends,
                      const Form& form) {
  int vector = fromVector + threadIdx.x % 32 / 4;
  return Pair{{query(item, vector, group, keyHead, rows, ends, form),
               query(item, vector + 8, group, keyHead, rows, ends, form)}};
}

/** The weights of a tile's keys as A-fragments of the second product, 16 keys each, and their states. */
struct Weights {
  unsigned high[TILE / 16][4];
  unsigned low[TILE / 16][4];
  float max[2];
  float sum[2];
};

/** Two weights as bfloat16s, and what is left of them as such. */
inline void split(float one, float other, unsigned& high, unsigned& low) {
  high = packBf16(one, other);
  low = packBf16(one - lowFloat(high), other - highFloat(high));
}

/** From the products of a tile that begins at a position; both says whether there are more than 8 vectors. */
inline void weigh(const float (&products)[TILE / 8][4], int base, const Pair& pair, bool both, const Form& form,
                  Weights& weights) {
  int t = threadIdx.x % 4;
#pragma unroll
  for (int half = 0; half < 2; half++) {
    const Query& query = pair.query[half];
    if (half == 1 && !both) {
#pragma unroll
      for (int j = 0; j < TILE / 8; j++) {
        weights.high[j / 2][j % 2 * 2 + half] = 0;
        weights.low[j / 2][j % 2 * 2 + half] = 0;
      }
      weights.max[half] = -infinity();
      weights.sum[half] = 0.0f;
      break;
    }
    float most = -infinity();
    float p[TILE / 8][2];
#pragma unroll
    for (int j = 0; j < TILE / 8; j++) {
#pragma unroll
      for (int c = 0; c < 2; c++) {
        int position = base + 8 * j + 2 * t + c;
        bool visible = position >= query.first && position < query.end;
        float logit = visible ? form.logit(products[j][2 * half + c]) : -infinity();
        most = logit > most ? logit : most;
        p[j][c] = logit;
      }
    }
    for (int apart = 2; apart > 0; apart /= 2) {
      float other = __shfl_xor_sync(numbers::WARP, most, apart);
      most = other > most ? other : most;
    }
    float sum = 0.0f;
#pragma unroll
    for (int j = 0; j < TILE / 8; j++) {
#pragma unroll
      for (int c = 0; c < 2; c++) {
        p[j][c] = p[j][c] == -infinity() ? 0.0f : expExact(p[j][c] - most);
        sum += p[j][c];
      }
      split(p[j][0], p[j][1], weights.high[j / 2][j % 2 * 2 + half], weights.low[j / 2][j % 2 * 2 + half]);
    }
    for (int apart = 2; apart > 0; apart /= 2) {
      sum += __shfl_xor_sync(numbers::WARP, sum, apart);
    }
    weights.max[half] = most;
    weights.sum[half] = sum;
  }
}

/** sums += weights x values of 16 keys, the fragment of eight columns. */
inline void addValues(float (&sums)[4], const Weights& weights, int step, const unsigned (&values)[2]) {
  mma16816(sums, weights.high[step], values);
  mma16816(sums, weights.low[step], values);
}

/** Writes two neighbouring numbers of a row of the output. */
inline void storePair(bf16* row, int d, int size, float one, float other) {
  // Sizes are even.
  if (d < size) {
    row[d] = toBf16(one);
    row[d + 1] = toBf16(other);
  }
}

// ---- many vectors: a block's warps share tiles in shared memory

/** Warps that have 16 vectors together where heads are large, each its part of a tile's keys, then of the columns. */
constexpr int SHARERS = HEAD > 128 ? 2 : 1;
constexpr int WIDE_WARPS = 4;
constexpr int WIDE_VECTORS = WIDE_WARPS / SHARERS * WARP_VECTORS;
constexpr int WIDE_THREADS = WIDE_WARPS * 32;

/** Keys of a tile and column tiles that are a warp's own. */
constexpr int OWN_KEYS = TILE / SHARERS;
constexpr int OWN_COLUMN_TILES = COLUMN_TILES / SHARERS;

/** Rows of queries and keys: neighbours start 64 bytes apart modulo 128, so that no bank is asked twice. */
constexpr int KEY_STRIDE = HEAD % 64 == 0 ? HEAD + 32 : HEAD;

/** Rows of values: 16 bytes apart modulo 128, or an odd multiple of that. */
constexpr int VALUE_STRIDE = HEAD + 8;

/** Large heads' keys and values take turns in one place, so that a block fits on every GPU. */
constexpr bool ONE_TILE = HEAD > 128;
constexpr int TILES = ONE_TILE ? TILE * (KEY_STRIDE > VALUE_STRIDE ? KEY_STRIDE : VALUE_STRIDE)
                               : TILE * (KEY_STRIDE + VALUE_STRIDE);

/** Floats through which sharers tell each other their products. */
constexpr int EXCHANGED = SHARERS > 1 ? WIDE_VECTORS * TILE : 0;

/** Bytes of shared memory that attendWide needs. */
constexpr int wideBytes() { return 2 * (WIDE_VECTORS * KEY_STRIDE + TILES) + 4 * (EXCHANGED + WIDE_VECTORS * HEAD); }

/** Starts copying a tile's rows to shared memory; zeros beyond the size and the end. */
template <int STRIDE, typename Address>
inline void copyTile(bf16* shared, int from, int end, int size, bool aligned, Address address) {
  for (int i = threadIdx.x; i < TILE * COLUMN_TILES; i += WIDE_THREADS) {
    int position = i / COLUMN_TILES;
    int d = i % COLUMN_TILES * 8;
    bf16* to = shared + position * STRIDE + d;
    bool there = from + position < end && d < size;
    if (there && aligned) {
      copyAsync16(to, address(from + position) + d);
    } else {
      *reinterpret_cast<uint4*>(to) =
          there ? loadEight(address(from + position), d, size, false) : make_uint4(0, 0, 0, 0);
    }
  }
  copyAsyncCommit();
}

/** products += 16 vectors x COUNT keys; a thread's parts of both begin at these addresses. */
template <int COUNT>
inline void multiplyKeys(float (&products)[COUNT / 8][4], const bf16* queries, const bf16* keys) {
#pragma unroll
  for (int step = 0; step < STEPS; step++) {
    uint4 low = *reinterpret_cast<const uint4*>(queries + 32 * step);
    uint4 high = *reinterpret_cast<const uint4*>(queries + 8 * KEY_STRIDE + 32 * step);
    unsigned first[4] = {low.x, high.x, low.y, high.y};
    unsigned second[4] = {low.z, high.z, low.w, high.w};
#pragma unroll
    for (int j = 0; j < COUNT / 8; j++) {
      uint4 k = *reinterpret_cast<const uint4*>(keys + 8 * j * KEY_STRIDE + 32 * step);
      unsigned firstKeys[2] = {k.x, k.y};
      unsigned secondKeys[2] = {k.z, k.w};
      mma16816(products[j], first, firstKeys);
      mma16816(products[j], second, secondKeys);
    }
  }
}

/** One item and key head, by a block; results as attend's. */
template <typename Source>
inline void attendWide(const bf16* fused, int queries, int keyHeads, int size, Source source, bool aligned,
                       const int* items, const int* rows, const int* ends, Form form, bf16* out, float* logs,
                       float* partial, float* partialStates, int slots) {
  Item item = readItem(items, blockIdx.x);
  if (item.toVector == 0) {
    return;
  }
  int keyHead = blockIdx.y;
  int group = queries / keyHeads;
  int lane = threadIdx.x % 32;
  int g = lane / 4;
  int t = lane % 4;
  int firstVector = threadIdx.x / 32 / SHARERS * WARP_VECTORS;
  int share = threadIdx.x / 32 % SHARERS;
  bf16* queryRows = dynamicShared<bf16>();
  bf16* keyTile = queryRows + WIDE_VECTORS * KEY_STRIDE;
  bf16* valueTile = ONE_TILE ? keyTile : keyTile + TILE * KEY_STRIDE;
  float* exchange = reinterpret_cast<float*>(keyTile + TILES);
  float* total = exchange + EXCHANGED + threadIdx.x;
  Seen seen = tilesSeen(item, group, ends, form);
  auto key = [&](int position) { return source.key(item, position, keyHead, size); };
  auto value = [&](int position) { return source.value(item, position, keyHead, size); };

  copyTile<KEY_STRIDE>(keyTile, seen.from * TILE, seen.end, size, aligned, key);
  if (!ONE_TILE) {
    copyTile<VALUE_STRIDE>(valueTile, seen.from * TILE, seen.end, size, aligned, value);
  }
  long long fusedColumns = (long long)(queries + 2 * keyHeads) * size;
  for (int i = threadIdx.x; i < WIDE_VECTORS * COLUMN_TILES; i += WIDE_THREADS) {
    int vector = i / COLUMN_TILES;
    int d = i % COLUMN_TILES * 8;
    Query q = query(item, item.fromVector + vector, group, keyHead, rows, ends, form);
    *reinterpret_cast<uint4*>(queryRows + vector * KEY_STRIDE + d) =
        q.row < 0 ? make_uint4(0, 0, 0, 0)
                  : loadEight(fused + fusedColumns * q.row + (long long)q.head * size, d, size,
                              alignedRows(fused, size));
  }
  Pair pair = queryPair(item, item.fromVector + firstVector, group, keyHead, rows, ends, form);
  const bf16* ownQueries = queryRows + (firstVector + g) * KEY_STRIDE + 8 * t;
  const bf16* ownKeys = keyTile + (share * OWN_KEYS + g) * KEY_STRIDE + 8 * t;
  const bf16* ownValues = valueTile + lane % 16 * VALUE_STRIDE + 8 * (share * OWN_COLUMN_TILES + lane / 16);
  // The vectors' products, [key / 8][c][lane].
  float* exchanged = exchange + firstVector * TILE + lane;
  float totalMax[2] = {-infinity(), -infinity()};
  float totalSum[2] = {};
  float chunkMax[2] = {-infinity(), -infinity()};
  float chunkSum[2] = {};
  float chunk[OWN_COLUMN_TILES][4] = {};
  bool several = false;

  for (int tile = seen.from; tile < seen.to; tile++) {
    copyAsyncWait<ONE_TILE ? 0 : 1>();
    __syncthreads();
    float products[TILE / 8][4] = {};
    if constexpr (SHARERS == 1) {
      multiplyKeys<TILE>(products, ownQueries, ownKeys);
    } else {
      float own[OWN_KEYS / 8][4] = {};
      multiplyKeys<OWN_KEYS>(own, ownQueries, ownKeys);
#pragma unroll
      for (int j = 0; j < OWN_KEYS / 8; j++) {
#pragma unroll
        for (int c = 0; c < 4; c++) {
          exchanged[32 * (4 * (share * (OWN_KEYS / 8) + j) + c)] = own[j][c];
        }
      }
    }
    __syncthreads();
    bool more = tile + 1 < seen.to;
    if (ONE_TILE) {
      copyTile<VALUE_STRIDE>(valueTile, tile * TILE, seen.end, size, aligned, value);
    } else if (more) {
      copyTile<KEY_STRIDE>(keyTile, (tile + 1) * TILE, seen.end, size, aligned, key);
    }
    if (tile % (CHUNK / TILE) == 0 && tile > seen.from) {
      several = true;
#pragma unroll
      for (int half = 0; half < 2; half++) {
        Merge whole = merge(totalMax[half], totalSum[half], chunkMax[half], chunkSum[half]);
#pragma unroll
        for (int n = 0; n < OWN_COLUMN_TILES; n++) {
#pragma unroll
          for (int c = 2 * half; c < 2 * half + 2; c++) {
            float* at = total + (4 * n + c) * WIDE_THREADS;
            float before = totalMax[half] == -infinity() ? 0.0f : *at;
            *at = merged(before, whole.before, chunk[n][c], whole.added);
            chunk[n][c] = 0.0f;
          }
        }
        totalMax[half] = whole.max;
        totalSum[half] = whole.sum;
        chunkMax[half] = -infinity();
        chunkSum[half] = 0.0f;
      }
    }
    if constexpr (SHARERS > 1) {
#pragma unroll
      for (int j = 0; j < TILE / 8; j++) {
#pragma unroll
        for (int c = 0; c < 4; c++) {
          products[j][c] = exchanged[32 * (4 * j + c)];
        }
      }
    }
    Weights weights;
    weigh(products, tile * TILE, pair, true, form, weights);
    Merge next[2];
#pragma unroll
    for (int half = 0; half < 2; half++) {
      next[half] = merge(chunkMax[half], chunkSum[half], weights.max[half], weights.sum[half]);
      chunkMax[half] = next[half].max;
      chunkSum[half] = next[half].sum;
    }
    if (more && !ONE_TILE) {
      copyAsyncWait<1>();
    } else {
      copyAsyncWait<0>();
    }
    __syncthreads();
#pragma unroll
    for (int n = 0; n < OWN_COLUMN_TILES; n += 2) {
      float sums[2][4] = {};
#pragma unroll
      for (int step = 0; step < TILE / 16; step++) {
        unsigned values[4];
        ldmatrix4Transposed(values, ownValues + 16 * step * VALUE_STRIDE + 8 * n);
        unsigned first[2] = {values[0], values[1]};
        unsigned second[2] = {values[2], values[3]};
        addValues(sums[0], weights, step, first);
        addValues(sums[1], weights, step, second);
      }
#pragma unroll
      for (int c = 0; c < 4; c++) {
        chunk[n][c] = merged(chunk[n][c], next[c / 2].before, sums[0][c], next[c / 2].added);
        chunk[n + 1][c] = merged(chunk[n + 1][c], next[c / 2].before, sums[1][c], next[c / 2].added);
      }
    }
    __syncthreads();
    if (more && ONE_TILE) {
      copyTile<KEY_STRIDE>(keyTile, (tile + 1) * TILE, seen.end, size, aligned, key);
    } else if (more) {
      copyTile<VALUE_STRIDE>(valueTile, (tile + 1) * TILE, seen.end, size, aligned, value);
    }
  }
  copyAsyncWait<0>();

#pragma unroll
  for (int half = 0; half < 2; half++) {
    const Query& own = pair.query[half];
    Merge whole = merge(totalMax[half], totalSum[half], chunkMax[half], chunkSum[half]);
    float inverse = 1.0f / whole.sum;
    int vector = item.fromVector + firstVector + g + 8 * half;
    long long slot = (long long)keyHead * slots + item.slot + vector - item.fromVector;
#pragma unroll
    for (int n = 0; n < OWN_COLUMN_TILES; n++) {
      float numbers[2];
#pragma unroll
      for (int c = 0; c < 2; c++) {
        const float* at = total + (4 * n + 2 * half + c) * WIDE_THREADS;
        float before = !several || totalMax[half] == -infinity() ? 0.0f : *at;
        numbers[c] = merged(before, whole.before, chunk[n][2 * half + c], whole.added);
      }
      if (own.row < 0) {
        continue;
      }
      int d = 8 * (share * OWN_COLUMN_TILES + n) + 2 * t;
      if (item.slot < 0) {
        storePair(out + ((long long)own.row * queries + own.head) * size, d, size, numbers[0] * inverse + 0.0f,
                  numbers[1] * inverse + 0.0f);
      } else {
        partial[slot * HEAD + d] = numbers[0];
        partial[slot * HEAD + d + 1] = numbers[1];
      }
    }
    if (own.row >= 0 && t == 0 && share == 0) {
      if (item.slot >= 0) {
        partialStates[2 * slot] = whole.max;
        partialStates[2 * slot + 1] = whole.sum;
      } else if (logs != nullptr) {
        logs[(long long)own.row * queries + own.head] = whole.max + logExact(whole.sum);
      }
    }
  }
}

// ---- up to 16 vectors: each warp of a block takes one tile of a chunk, from memory straight to registers

constexpr int NARROW_WARPS = CHUNK / TILE;
constexpr int NARROW_THREADS = NARROW_WARPS * 32;

/** Floats of shared memory that attendNarrow needs. */
constexpr int narrowFloats() { return NARROW_WARPS * WARP_VECTORS * (HEAD + 4) + 4 * WARP_VECTORS; }

/** Columns of a tile's weighted values that a thread's loads cover: each lane / 4 has WIDTH neighbours. */
template <int WIDTH, typename Source>
inline void addValueColumns(float* sums, const Weights& weights, const Source& source, const Item& item, int base,
                            int end, int keyHead, int size, bool aligned, int from) {
  int g = threadIdx.x % 32 / 4;
  int t = threadIdx.x % 4;
  int d = from + WIDTH * g;
  float columns[WIDTH][4] = {};
#pragma unroll
  for (int step = 0; step < TILE / 16; step++) {
    unsigned numbers[4][WIDTH / 2];
#pragma unroll
    for (int i = 0; i < 4; i++) {
      // Keys 2 t, 2 t + 1, 2 t + 8 and 2 t + 9 of 16.
      int position = base + 16 * step + 2 * t + i % 2 + i / 2 * 8;
#pragma unroll
      for (int w = 0; w < WIDTH / 2; w++) {
        numbers[i][w] = 0;
      }
      if (position < end) {
        const bf16* row = source.value(item, position, keyHead, size);
        if (WIDTH == 8) {
          uint4 eight = loadEight(row, d, size, aligned);
          numbers[i][0] = eight.x;
          numbers[i][1] = eight.y;
          numbers[i][WIDTH / 2 - 2] = eight.z;
          numbers[i][WIDTH / 2 - 1] = eight.w;
        } else if (aligned) {
          uint2 four = d < size ? *reinterpret_cast<const uint2*>(row + d) : make_uint2(0, 0);
          numbers[i][0] = four.x;
          numbers[i][1] = four.y;
        } else {
          uint4 eight = loadEight(row, d, d + 4 < size ? d + 4 : size, false);
          numbers[i][0] = eight.x;
          numbers[i][1] = eight.y;
        }
      }
    }
#pragma unroll
    for (int w = 0; w < WIDTH / 2; w++) {
      unsigned even[2] = {(numbers[0][w] & 0xffffu) | (numbers[1][w] << 16),
                          (numbers[2][w] & 0xffffu) | (numbers[3][w] << 16)};
      unsigned odd[2] = {(numbers[0][w] >> 16) | (numbers[1][w] & 0xffff0000u),
                         (numbers[2][w] >> 16) | (numbers[3][w] & 0xffff0000u)};
      addValues(columns[2 * w], weights, step, even);
      addValues(columns[2 * w + 1], weights, step, odd);
    }
  }
  // A column tile's own columns 2 t and 2 t + 1 are those of lanes 2 t and 2 t + 1 of eight.
#pragma unroll
  for (int w = 0; w < WIDTH; w++) {
#pragma unroll
    for (int c = 0; c < 4; c++) {
      sums[(g + c / 2 * 8) * HEAD + from + WIDTH * (2 * t + c % 2) + w] = columns[w][c];
    }
  }
}

/** One item and key head, by a block; results as attend's, without logs. */
template <typename Source>
inline void attendNarrow(const bf16* fused, int queries, int keyHeads, int size, Source source, bool aligned,
                         const int* items, const int* rows, const int* ends, Form form, bf16* out, float* partial,
                         float* partialStates, int slots) {
  Item item = readItem(items, blockIdx.x);
  if (item.toVector == 0) {
    return;
  }
  int keyHead = blockIdx.y;
  int group = queries / keyHeads;
  int lane = threadIdx.x % 32;
  int g = lane / 4;
  int t = lane % 4;
  int warp = threadIdx.x / 32;
  float* sums = dynamicShared<float>();
  // Of each warp and vector: its state, then by how much what is before it and it itself are scaled.
  float* states = sums + NARROW_WARPS * WARP_VECTORS * HEAD;
  float* factors = states + 2 * NARROW_WARPS * WARP_VECTORS;
  float* totalStates = factors + 2 * NARROW_WARPS * WARP_VECTORS;
  float* totalFactors = totalStates + 2 * WARP_VECTORS;
  Seen seen = tilesSeen(item, group, ends, form);
  Pair pair = queryPair(item, item.fromVector, group, keyHead, rows, ends, form);
  long long fusedColumns = (long long)(queries + 2 * keyHeads) * size;
  bool alignedQueries = alignedRows(fused, size);
  constexpr int ELEMENTS = WARP_VECTORS * HEAD / NARROW_THREADS;
  int vectors = item.toVector - item.fromVector;
  float total[ELEMENTS] = {};
  float totalMax = -infinity();
  float totalSum = 0.0f;
  int perChunk = CHUNK / TILE;
  for (int chunk = seen.from / perChunk; chunk * perChunk < seen.to; chunk++) {
    int tile = chunk * perChunk + warp;
    Weights weights;
    if (tile >= seen.from && tile < seen.to) {
      float products[TILE / 8][4] = {};
#pragma unroll
      for (int step = 0; step < STEPS; step++) {
        uint4 q[2];
#pragma unroll
        for (int half = 0; half < 2; half++) {
          const Query& own = pair.query[half];
          q[half] = own.row < 0 ? make_uint4(0, 0, 0, 0)
                                : loadEight(fused + fusedColumns * own.row + (long long)own.head * size,
                                            32 * step + 8 * t, size, alignedQueries);
        }
        unsigned first[4] = {q[0].x, q[1].x, q[0].y, q[1].y};
        unsigned second[4] = {q[0].z, q[1].z, q[0].w, q[1].w};
        uint4 k[TILE / 8];
#pragma unroll
        for (int j = 0; j < TILE / 8; j++) {
          int position = tile * TILE + 8 * j + g;
          k[j] = position < seen.end
                     ? loadEight(source.key(item, position, keyHead, size), 32 * step + 8 * t, size, aligned)
                     : make_uint4(0, 0, 0, 0);
        }
#pragma unroll
        for (int j = 0; j < TILE / 8; j++) {
          unsigned firstKeys[2] = {k[j].x, k[j].y};
          unsigned secondKeys[2] = {k[j].z, k[j].w};
          mma16816(products[j], first, firstKeys);
          mma16816(products[j], second, secondKeys);
        }
      }
      weigh(products, tile * TILE, pair, vectors > 8, form, weights);
      float* own = sums + warp * WARP_VECTORS * HEAD;
#pragma unroll
      for (int from = 0; from + 64 <= HEAD; from += 64) {
        addValueColumns<8>(own, weights, source, item, tile * TILE, seen.end, keyHead, size, aligned, from);
      }
      if (HEAD % 64 != 0) {
        addValueColumns<4>(own, weights, source, item, tile * TILE, seen.end, keyHead, size, aligned, HEAD - 32);
      }
    } else {
      weights.max[0] = weights.max[1] = -infinity();
      weights.sum[0] = weights.sum[1] = 0.0f;
      for (int i = lane; i < WARP_VECTORS * HEAD; i += 32) {
        sums[warp * WARP_VECTORS * HEAD + i] = 0.0f;
      }
    }
    if (t == 0) {
#pragma unroll
      for (int half = 0; half < 2; half++) {
        states[2 * (warp * WARP_VECTORS + g + 8 * half)] = weights.max[half];
        states[2 * (warp * WARP_VECTORS + g + 8 * half) + 1] = weights.sum[half];
      }
    }
    __syncthreads();
    if (threadIdx.x < WARP_VECTORS) {
      float max = -infinity();
      float sum = 0.0f;
#pragma unroll
      for (int w = 0; w < NARROW_WARPS; w++) {
        int at = 2 * (w * WARP_VECTORS + threadIdx.x);
        Merge next = merge(max, sum, states[at], states[at + 1]);
        max = next.max;
        sum = next.sum;
        factors[at] = next.before;
        factors[at + 1] = next.added;
      }
      Merge whole = merge(totalMax, totalSum, max, sum);
      totalMax = whole.max;
      totalSum = whole.sum;
      totalStates[2 * threadIdx.x] = whole.max;
      totalStates[2 * threadIdx.x + 1] = whole.sum;
      totalFactors[2 * threadIdx.x] = whole.before;
      totalFactors[2 * threadIdx.x + 1] = whole.added;
    }
    __syncthreads();
#pragma unroll
    for (int e = 0; e < ELEMENTS; e++) {
      int i = e * NARROW_THREADS + threadIdx.x;
      int vector = i / HEAD;
      if (vector >= vectors) {
        break;
      }
      float value = 0.0f;
#pragma unroll
      for (int w = 0; w < NARROW_WARPS; w++) {
        int at = 2 * (w * WARP_VECTORS + vector);
        value = merged(value, factors[at], sums[w * WARP_VECTORS * HEAD + i], factors[at + 1]);
      }
      total[e] = merged(total[e], totalFactors[2 * vector], value, totalFactors[2 * vector + 1]);
    }
    __syncthreads();
  }
#pragma unroll
  for (int e = 0; e < ELEMENTS; e++) {
    int i = e * NARROW_THREADS + threadIdx.x;
    int vector = item.fromVector + i / HEAD;
    int d = i % HEAD;
    Query own = query(item, vector, group, keyHead, rows, ends, form);
    if (own.row < 0) {
      continue;
    }
    const float* state = totalStates + 2 * (i / HEAD);
    if (item.slot < 0) {
      if (d < size) {
        store(out + ((long long)own.row * queries + own.head) * size + d, total[e] * (1.0f / state[1]) + 0.0f);
      }
    } else {
      long long slot = (long long)keyHead * slots + item.slot + vector - item.fromVector;
      partial[slot * HEAD + d] = total[e];
      if (d == 0) {
        partialStates[2 * slot] = state[0];
        partialStates[2 * slot + 1] = state[1];
      }
    }
  }
}
