// Reductions of a whole array. Their order depends on its size only: each block takes a chunk of
// fixed length, and one block adds the chunks' sums.
#include "numbers.h"
#include "vectors.h"

namespace {
constexpr int THREADS = 256;
// Elements of a block; Reductions.java has the same.
constexpr int CHUNK = 1 << 14;
}  // namespace

// sums[b] = the sum of the squares of chunk b; a square of a float is exact in double.
extern "C" __global__ void sumOfSquares(const float* x, long long size, int whole, double* sums) {
  long long first = static_cast<long long>(blockIdx.x) * CHUNK;
  double sum = 0;
  for (int i = 4 * threadIdx.x; i < CHUNK && first + i < size; i += 4 * THREADS) {
    Values<4> value = load<4>(x + first + i, left(size, first + i), whole);
    for (int k = 0; k < 4; k++) {
      double term = value.at[k];
      sum += term * term;
    }
  }
  sum = blockSumDouble<THREADS>(sum);
  if (threadIdx.x == 0) {
    sums[blockIdx.x] = sum;
  }
}

// total[0] = the sum of the chunks' sums; one block.
extern "C" __global__ void sumOfSums(const double* sums, int count, double* total) {
  double sum = 0;
  for (int i = threadIdx.x; i < count; i += THREADS) {
    sum += sums[i];
  }
  sum = blockSumDouble<THREADS>(sum);
  if (threadIdx.x == 0) {
    *total = sum;
  }
}

// broken[0] becomes 1 where an element is infinite or NaN.
extern "C" __global__ void findBroken(const float* x, long long size, int whole, int* broken) {
  bool found = false;
  for (long long i = firstItem() * 4; i < size; i += itemStride() * 4) {
    Values<4> value = load<4>(x + i, left(size, i), whole);
    for (int k = 0; k < 4; k++) {
      found = found || !isFinite(value.at[k]);
    }
  }
  if (found) {
    atomicMax(broken, 1);
  }
}
