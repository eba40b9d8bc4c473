// Numbers of F32 and BF16 arrays as short vectors of floats, read and written 16 bytes at a time
// where the memory allows it; and how rows are spread over threads.
//
// A thread takes the same elements whether memory is aligned or not, so bits never depend on where
// a tensor lies.
#pragma once

#include "device.h"

template <int W>
struct Values {
  float at[W];
};

// What one instruction moves.
struct alignas(16) FourWords {
  unsigned a, b, c, d;
};

struct alignas(8) TwoWords {
  unsigned a, b;
};

// Numbers a thread takes of arrays of these types at once: 16 bytes of the widest.
template <typename A, typename B = A, typename C = A>
constexpr int widthOf() {
  return sizeof(A) == 2 && sizeof(B) == 2 && sizeof(C) == 2 ? 8 : 4;
}

inline Values<4> loadWhole(const float* from, Values<4>) {
  FourWords w = *reinterpret_cast<const FourWords*>(from);
  return {{__uint_as_float(w.a), __uint_as_float(w.b), __uint_as_float(w.c), __uint_as_float(w.d)}};
}

inline Values<4> loadWhole(const bf16* from, Values<4>) {
  TwoWords w = *reinterpret_cast<const TwoWords*>(from);
  return {{lowFloat(w.a), highFloat(w.a), lowFloat(w.b), highFloat(w.b)}};
}

inline Values<8> loadWhole(const float* from, Values<8>) {
  Values<4> low = loadWhole(from, Values<4>());
  Values<4> high = loadWhole(from + 4, Values<4>());
  return {{low.at[0], low.at[1], low.at[2], low.at[3], high.at[0], high.at[1], high.at[2],
           high.at[3]}};
}

inline Values<8> loadWhole(const bf16* from, Values<8>) {
  FourWords w = *reinterpret_cast<const FourWords*>(from);
  return {{lowFloat(w.a), highFloat(w.a), lowFloat(w.b), highFloat(w.b), lowFloat(w.c), highFloat(w.c),
           lowFloat(w.d), highFloat(w.d)}};
}

inline void storeWhole(float* to, const Values<4>& x) {
  *reinterpret_cast<FourWords*>(to) = {__float_as_uint(x.at[0]), __float_as_uint(x.at[1]),
                                       __float_as_uint(x.at[2]), __float_as_uint(x.at[3])};
}

inline void storeWhole(bf16* to, const Values<4>& x) {
  *reinterpret_cast<TwoWords*>(to) = {packBf16(x.at[0], x.at[1]), packBf16(x.at[2], x.at[3])};
}

inline void storeWhole(float* to, const Values<8>& x) {
  storeWhole(to, Values<4>{{x.at[0], x.at[1], x.at[2], x.at[3]}});
  storeWhole(to + 4, Values<4>{{x.at[4], x.at[5], x.at[6], x.at[7]}});
}

inline void storeWhole(bf16* to, const Values<8>& x) {
  *reinterpret_cast<FourWords*>(to) = {packBf16(x.at[0], x.at[1]), packBf16(x.at[2], x.at[3]),
                                       packBf16(x.at[4], x.at[5]), packBf16(x.at[6], x.at[7])};
}

// The first count of W numbers, zeros after them; count may be above W. whole: from lies on 16
// bytes (on 8 for 4 of BF16).
template <int W, typename T>
inline Values<W> load(const T* from, int count, bool whole) {
  if (whole && count >= W) {
    return loadWhole(from, Values<W>());
  }
  Values<W> x;
  for (int i = 0; i < W; i++) {
    x.at[i] = i < count ? toFloat(from[i]) : 0.0f;
  }
  return x;
}

// Writes the first count of W numbers, rounded to the array's type.
template <int W, typename T>
inline void store(T* to, const Values<W>& x, int count, bool whole) {
  if (whole && count >= W) {
    storeWhole(to, x);
    return;
  }
  for (int i = 0; i < W; i++) {
    if (i < count) {
      store(to + i, x.at[i]);
    }
  }
}

// The same where whole is known when a kernel is compiled: of rows that are whole vectors, so that
// loops have no branches and a thread has many loads under way.
template <int W, bool WHOLE, typename T>
inline Values<W> loadOf(const T* from, int count) {
  if constexpr (WHOLE) {
    return loadWhole(from, Values<W>());
  } else {
    return load<W>(from, count, false);
  }
}

template <bool WHOLE, int W, typename T>
inline void storeOf(T* to, const Values<W>& x, int count) {
  if constexpr (WHOLE) {
    storeWhole(to, x);
  } else {
    store(to, x, count, false);
  }
}

// Rows of vectors over blocks of threads in one dimension: 2^shift threads stand along a row, the
// others of the block take rows below; blockIdx.x counts rows, blockIdx.y pieces of a row.
inline int rowOf(int shift) {
  return blockIdx.x * (blockDim.x >> shift) + (threadIdx.x >> shift);
}

inline int vectorOf(int shift) {
  return (blockIdx.y << shift) + (threadIdx.x & ((1 << shift) - 1));
}

// For a grid-stride loop over the vectors of an array.
inline long long firstItem() {
  return static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
}

inline long long itemStride() { return static_cast<long long>(gridDim.x) * blockDim.x; }

// Numbers left from a vector's first, as far as an int holds them.
inline int left(long long size, long long first) {
  long long count = size - first;
  return count > 64 ? 64 : static_cast<int>(count);
}
