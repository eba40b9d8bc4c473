// Rows copied, picked by index and added back by index; blocks of columns; biases; dropout.
#include "numbers.h"
#include "vectors.h"

namespace {
// Rows whose loads a thread has under way before it adds them.
constexpr int BATCH = 8;
}  // namespace

template <int W>
inline void addTo(Values<W>& sum, const Values<W>& addend) {
  for (int k = 0; k < W; k++) {
    sum.at[k] = sum.at[k] + addend.at[k];
  }
}

// W elements moved as they are.
template <typename T>
inline void move(const T* from, T* to, int count, bool whole) {
  constexpr int W = 16 / sizeof(T);
  if (whole && count >= W) {
    *reinterpret_cast<FourWords*>(to) = *reinterpret_cast<const FourWords*>(from);
    return;
  }
  for (int i = 0; i < W; i++) {
    if (i < count) {
      to[i] = from[i];
    }
  }
}

// to[r, c] = from[r, c], where rows of the two lie fromStride and toStride elements apart.
template <typename T>
inline void copyColumns(const T* from, long long fromStride, T* to, long long toStride, int rows,
                        int columns, int whole, int shift) {
  int r = rowOf(shift);
  int c = vectorOf(shift) * (16 / sizeof(T));
  if (r < rows && c < columns) {
    move(from + fromStride * r + c, to + toStride * r + c, columns - c, whole);
  }
}

extern "C" __global__ void copyColumnsF32(const float* from, long long fromStride, float* to,
                                          long long toStride, int rows, int columns, int whole,
                                          int shift) {
  copyColumns(from, fromStride, to, toStride, rows, columns, whole, shift);
}

extern "C" __global__ void copyColumnsBf16(const bf16* from, long long fromStride, bf16* to,
                                           long long toStride, int rows, int columns, int whole,
                                           int shift) {
  copyColumns(from, fromStride, to, toStride, rows, columns, whole, shift);
}

// y[r] = x[picked[r]].
template <typename T>
inline void gather(const T* x, const int* picked, T* y, int rows, int columns, int whole,
                   int shift) {
  int r = rowOf(shift);
  int c = vectorOf(shift) * (16 / sizeof(T));
  if (r < rows && c < columns) {
    move(x + static_cast<long long>(columns) * picked[r] + c,
         y + static_cast<long long>(columns) * r + c, columns - c, whole);
  }
}

extern "C" __global__ void gatherF32(const float* x, const int* picked, float* y, int rows,
                                     int columns, int whole, int shift) {
  gather(x, picked, y, rows, columns, whole, shift);
}

extern "C" __global__ void gatherBf16(const bf16* x, const int* picked, bf16* y, int rows,
                                      int columns, int whole, int shift) {
  gather(x, picked, y, rows, columns, whole, shift);
}

// The same from BF16 to F32.
extern "C" __global__ void gatherWidened(const bf16* x, const int* picked, float* y, int rows,
                                         int columns, int whole, int shift) {
  int r = rowOf(shift);
  int c = vectorOf(shift) * 4;
  if (r < rows && c < columns) {
    Values<4> value =
        load<4>(x + static_cast<long long>(columns) * picked[r] + c, columns - c, whole);
    store(y + static_cast<long long>(columns) * r + c, value, columns - c, whole);
  }
}

// dx[target] += dy[r] for each r of the target's, in their order. groups: the targets, where their
// lists begin (and the last one ends), then the lists one after the other.
template <bool WHOLE>
inline void scatterAddOf(const float* dy, const int* groups, int targets, float* dx, int columns,
                         int shift) {
  int t = rowOf(shift);
  int c = vectorOf(shift) * 4;
  if (t >= targets || c >= columns) {
    return;
  }
  const int* begins = groups + targets;
  const int* list = begins + targets + 1;
  int last = begins[t + 1];
  float* to = dx + static_cast<long long>(columns) * groups[t] + c;
  Values<4> sum = loadOf<4, WHOLE>(to, columns - c);
  for (int i = begins[t]; i < last; i += BATCH) {
    Values<4> addends[BATCH];
    for (int j = 0; j < BATCH; j++) {
      if (i + j < last) {
        addends[j] =
            loadOf<4, WHOLE>(dy + static_cast<long long>(columns) * list[i + j] + c, columns - c);
      }
    }
    for (int j = 0; j < BATCH; j++) {
      if (i + j < last) {
        addTo(sum, addends[j]);
      }
    }
  }
  storeOf<WHOLE>(to, sum, columns - c);
}

extern "C" __global__ void scatterAdd(const float* dy, const int* groups, int targets, float* dx,
                                      int columns, int whole, int shift) {
  if (whole) {
    scatterAddOf<true>(dy, groups, targets, dx, columns, shift);
  } else {
    scatterAddOf<false>(dy, groups, targets, dx, columns, shift);
  }
}

// y[r, c] += x[r, c], where y's rows lie stride elements apart; y is rounded once.
template <typename T>
inline void addColumns(const float* x, T* y, long long stride, int rows, int columns, int whole,
                       int shift) {
  int r = rowOf(shift);
  int c = vectorOf(shift) * 4;
  if (r >= rows || c >= columns) {
    return;
  }
  Values<4> addend = load<4>(x + static_cast<long long>(columns) * r + c, columns - c, whole);
  Values<4> sum = load<4>(y + stride * r + c, columns - c, whole);
  addTo(sum, addend);
  store(y + stride * r + c, sum, columns - c, whole);
}

extern "C" __global__ void addColumnsF32(const float* x, float* y, long long stride, int rows,
                                         int columns, int whole, int shift) {
  addColumns(x, y, stride, rows, columns, whole, shift);
}

extern "C" __global__ void addColumnsBf16(const float* x, bf16* y, long long stride, int rows,
                                          int columns, int whole, int shift) {
  addColumns(x, y, stride, rows, columns, whole, shift);
}

// y[r, c] += bias[c].
template <typename T>
inline void addBias(const float* bias, T* y, int rows, int columns, int whole, int shift) {
  constexpr int W = widthOf<T>();
  int r = rowOf(shift);
  int c = vectorOf(shift) * W;
  if (r >= rows || c >= columns) {
    return;
  }
  T* row = y + static_cast<long long>(columns) * r + c;
  Values<W> addend = load<W>(bias + c, columns - c, whole);
  Values<W> sum = load<W>(row, columns - c, whole);
  addTo(sum, addend);
  store(row, sum, columns - c, whole);
}

extern "C" __global__ void addBiasF32(const float* bias, float* y, int rows, int columns, int whole,
                                      int shift) {
  addBias(bias, y, rows, columns, whole, shift);
}

extern "C" __global__ void addBiasBf16(const float* bias, bf16* y, int rows, int columns, int whole,
                                       int shift) {
  addBias(bias, y, rows, columns, whole, shift);
}

// sums[chunk, c] = the sum of x[r, c] over the chunk's rows, in their order.
template <bool WHOLE, typename T>
inline void sumChunksOf(const T* x, int rows, int columns, int chunkRows, float* sums, int shift) {
  constexpr int W = widthOf<T>();
  int chunk = rowOf(shift);
  int c = vectorOf(shift) * W;
  long long first = static_cast<long long>(chunk) * chunkRows;
  if (first >= rows || c >= columns) {
    return;
  }
  int count = rows - first < chunkRows ? static_cast<int>(rows - first) : chunkRows;
  Values<W> sum = {};
  const T* from = x + first * columns + c;
  for (int i = 0; i < count; i += BATCH) {
    Values<W> addends[BATCH];
    for (int j = 0; j < BATCH; j++) {
      if (i + j < count) {
        addends[j] =
            loadOf<W, WHOLE>(from + static_cast<long long>(columns) * (i + j), columns - c);
      }
    }
    for (int j = 0; j < BATCH; j++) {
      if (i + j < count) {
        addTo(sum, addends[j]);
      }
    }
  }
  storeOf<WHOLE>(sums + static_cast<long long>(chunk) * columns + c, sum, columns - c);
}

template <typename T>
inline void sumChunks(const T* x, int rows, int columns, int chunkRows, float* sums, int whole,
                      int shift) {
  if (whole) {
    sumChunksOf<true>(x, rows, columns, chunkRows, sums, shift);
  } else {
    sumChunksOf<false>(x, rows, columns, chunkRows, sums, shift);
  }
}

extern "C" __global__ void sumChunksF32(const float* x, int rows, int columns, int chunkRows,
                                        float* sums, int whole, int shift) {
  sumChunks(x, rows, columns, chunkRows, sums, whole, shift);
}

extern "C" __global__ void sumChunksBf16(const bf16* x, int rows, int columns, int chunkRows,
                                         float* sums, int whole, int shift) {
  sumChunks(x, rows, columns, chunkRows, sums, whole, shift);
}

// target[c] += the sum over i < outer, j < inner of sums[i outerStride + j innerStride + c]. A warp
// reads 32 columns of a row; 32 warps take every 32nd row, and their sums are added as a tree.
extern "C" __global__ void addSums(const float* sums, int outer, long long outerStride, int inner,
                                   long long innerStride, int columns, float* target) {
  __shared__ float parts[32][33];
  int lane = threadIdx.x % 32;
  int warp = threadIdx.x / 32;
  int c = blockIdx.x * 32 + lane;
  float sum = 0;
  if (c < columns) {
    int rows = outer * inner;
#pragma unroll 8
    for (int row = warp; row < rows; row += 32) {
      int i = row / inner;
      sum = sum + sums[i * outerStride + (row - i * inner) * innerStride + c];
    }
  }
  parts[warp][lane] = sum;
  __syncthreads();
  int column = blockIdx.x * 32 + warp;
  float total = warpSum(parts[lane][warp]);
  if (lane == 0 && column < columns) {
    target[column] = target[column] + total;
  }
}

// Philox 4x32 with 10 rounds; the words go to words[4].
inline void philox(unsigned key0, unsigned key1, unsigned (&words)[4]) {
  for (int round = 0; round < 10; round++) {
    unsigned long long p0 = words[0] * 0xD2511F53ull;
    unsigned long long p1 = words[2] * 0xCD9E8D57ull;
    words[0] = static_cast<unsigned>(p1 >> 32) ^ words[1] ^ key0;
    words[2] = static_cast<unsigned>(p0 >> 32) ^ words[3] ^ key1;
    words[1] = static_cast<unsigned>(p1);
    words[3] = static_cast<unsigned>(p0);
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
}

// y[r, c] = x[r, c] factor where the word of the row's key and c is not below threshold, else 0.
// The counter is tensor's Dropout's: the columns / 4, 0, 0 and its purpose, 3.
template <typename T>
inline void dropout(const T* x, T* y, const long long* keys, unsigned threshold, float factor,
                    int rows, int columns, int whole, int shift) {
  int r = rowOf(shift);
  int v = vectorOf(shift);
  int c = v * 4;
  if (r >= rows || c >= columns) {
    return;
  }
  unsigned long long key = static_cast<unsigned long long>(keys[r]);
  unsigned words[4] = {static_cast<unsigned>(v), 0, 0, 3};
  philox(static_cast<unsigned>(key), static_cast<unsigned>(key >> 32), words);
  long long at = static_cast<long long>(columns) * r + c;
  Values<4> value = load<4>(x + at, columns - c, whole);
  for (int k = 0; k < 4; k++) {
    value.at[k] = words[k] >= threshold ? value.at[k] * factor : 0.0f;
  }
  store(y + at, value, columns - c, whole);
}

extern "C" __global__ void dropoutF32(const float* x, float* y, const long long* keys,
                                      int threshold, float factor, int rows, int columns, int whole,
                                      int shift) {
  dropout(x, y, keys, static_cast<unsigned>(threshold), factor, rows, columns, whole, shift);
}

extern "C" __global__ void dropoutBf16(const bf16* x, bf16* y, const long long* keys, int threshold,
                                       float factor, int rows, int columns, int whole, int shift) {
  dropout(x, y, keys, static_cast<unsigned>(threshold), factor, rows, columns, whole, shift);
}
