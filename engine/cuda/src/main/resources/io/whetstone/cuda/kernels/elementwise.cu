// Kernels that take every element by itself: flat arrays, in a grid-stride loop over vectors.
#include "numbers.h"
#include "vectors.h"

// to[i] = from[i], rounded to its type.
template <typename From, typename To>
inline void convert(const From* from, To* to, long long size, int whole) {
  constexpr int W = widthOf<From, To>();
  for (long long i = firstItem() * W; i < size; i += itemStride() * W) {
    int count = left(size, i);
    store(to + i, load<W>(from + i, count, whole), count, whole);
  }
}

extern "C" __global__ void roundToBf16(const float* from, bf16* to, long long size, int whole) {
  convert(from, to, size, whole);
}

extern "C" __global__ void widenToF32(const bf16* from, float* to, long long size, int whole) {
  convert(from, to, size, whole);
}

// y[i] += x[i].
extern "C" __global__ void add(const float* x, float* y, long long size, int whole) {
  for (long long i = firstItem() * 4; i < size; i += itemStride() * 4) {
    int count = left(size, i);
    Values<4> addend = load<4>(x + i, count, whole);
    Values<4> sum = load<4>(y + i, count, whole);
    for (int k = 0; k < 4; k++) {
      sum.at[k] = sum.at[k] + addend.at[k];
    }
    store(y + i, sum, count, whole);
  }
}

// x[i] *= factor.
extern "C" __global__ void scale(float* x, float factor, long long size, int whole) {
  for (long long i = firstItem() * 4; i < size; i += itemStride() * 4) {
    int count = left(size, i);
    Values<4> value = load<4>(x + i, count, whole);
    for (int k = 0; k < 4; k++) {
      value.at[k] = value.at[k] * factor;
    }
    store(x + i, value, count, whole);
  }
}

// x[i] = cap tanh(x[i] / cap), with inverse = 1 / cap.
extern "C" __global__ void softCap(float* x, float cap, float inverse, long long size, int whole) {
  for (long long i = firstItem() * 4; i < size; i += itemStride() * 4) {
    int count = left(size, i);
    Values<4> value = load<4>(x + i, count, whole);
    for (int k = 0; k < 4; k++) {
      value.at[k] = tanhExact(value.at[k] * inverse) * cap;
    }
    store(x + i, value, count, whole);
  }
}
