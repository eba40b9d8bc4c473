// RMSNorm of runs of columns, forward and backward: a row is one run (rmsNorm), or its query and
// key heads are runs (headNorm). GROUP threads take a run and keep it in registers, read once: up to
// KEPT vectors of F32 a thread, half as many of BF16. With KEPT 0 they keep nothing, and read runs of
// any length twice. Both are given when this is compiled, by Norms.java, and depend on the runs'
// lengths only.
#include "numbers.h"
#include "vectors.h"

#ifndef GROUP
#define GROUP 256
#define KEPT 4
#endif

namespace {
// A block has several groups where these are small.
constexpr int BLOCK = GROUP < 256 ? 256 : GROUP;
constexpr int GROUPS = BLOCK / GROUP;
}  // namespace

// Runs of a row: queries runs of queryRun columns, then others of keyRun columns.
struct Runs {
  int queries;
  int queryRun;
  int keyRun;
  const float* queryWeight;
  const float* keyWeight;
  float offset;
};

// One of them.
struct Run {
  int first;
  int size;
  const float* weight;
};

inline Run runOf(const Runs& runs, int norm) {
  if (norm < runs.queries) {
    return {norm * runs.queryRun, runs.queryRun, runs.queryWeight};
  }
  return {runs.queries * runs.queryRun + (norm - runs.queries) * runs.keyRun, runs.keyRun,
          runs.keyWeight};
}

// The sum over the threads of a group; all threads of the block call.
inline float groupSum(float value) {
  if constexpr (GROUP > 32) {
    return blockSum<BLOCK>(value);
  } else {
    for (int apart = GROUP / 2; apart > 0; apart /= 2) {
      value += __shfl_xor_sync(numbers::WARP, value, apart);
    }
    return value;
  }
}

// normalize: y = x rstd (offset + weight), rstd = 1 / sqrt(mean x^2 + epsilon). blockIdx.y is the run.
//
// backward: with g = dy (offset + weight): dx += rstd (g - x rstd^2 mean(g x)), or = where it does not
// ADD; sums[chunk, c] = the sum of dy x rstd over the rows of the chunk, in their order. A group takes
// a run of a chunk of rows.
#if KEPT > 0

// Vectors of W numbers a thread keeps.
template <int W>
constexpr int keptOf() {
  return KEPT * 4 / W;
}

// A thread's vectors of the first n numbers, zeros where there are none.
template <int W, bool WHOLE, typename T>
inline void loadRun(const T* from, int n, Values<W> (&to)[keptOf<W>()]) {
  int lane = threadIdx.x % GROUP;
  for (int k = 0; k < keptOf<W>(); k++) {
    int c = (lane + k * GROUP) * W;
    to[k] = c < n ? loadOf<W, WHOLE>(from + c, n - c) : Values<W>{};
  }
}

template <bool WHOLE, int W, typename T>
inline void storeRun(T* to, int n, const Values<W> (&from)[keptOf<W>()]) {
  int lane = threadIdx.x % GROUP;
  for (int k = 0; k < keptOf<W>(); k++) {
    int c = (lane + k * GROUP) * W;
    if (c < n) {
      storeOf<WHOLE>(to + c, from[k], n - c);
    }
  }
}

template <bool WHOLE, typename X, typename Y>
inline void normalize(const X* x, Y* y, int rows, int columns, const Runs& runs, float epsilon,
                      float* rstd) {
  constexpr int W = widthOf<X, Y>();
  int r = blockIdx.x * GROUPS + threadIdx.x / GROUP;
  Run run = runOf(runs, blockIdx.y);
  // A group without a row still takes part in its warp's shuffles.
  int n = r < rows ? run.size : 0;
  long long at = static_cast<long long>(columns) * r + run.first;
  Values<W> value[keptOf<W>()];
  Values<W> weight[keptOf<W>()];
  loadRun<W, WHOLE>(x + at, n, value);
  loadRun<W, WHOLE>(run.weight, n, weight);
  float sum = 0;
  for (int k = 0; k < keptOf<W>(); k++) {
    for (int i = 0; i < W; i++) {
      sum = fmaf(value[k].at[i], value[k].at[i], sum);
    }
  }
  float scale = 1.0f / sqrtf(groupSum(sum) / run.size + epsilon);
  if (threadIdx.x % GROUP == 0 && r < rows) {
    rstd[static_cast<long long>(gridDim.y) * r + blockIdx.y] = scale;
  }
  for (int k = 0; k < keptOf<W>(); k++) {
    for (int i = 0; i < W; i++) {
      value[k].at[i] = value[k].at[i] * scale * (weight[k].at[i] + runs.offset);
    }
  }
  storeRun<WHOLE>(y + at, n, value);
}

template <bool WHOLE, bool ADD, typename D, typename X>
inline void backward(const D* dy, const X* x, X* dx, int rows, int columns, const Runs& runs,
                     const float* rstd, int chunkRows, float* sums, int sumColumns) {
  constexpr int W = widthOf<D, X>();
  constexpr int K = keptOf<W>();
  int chunk = blockIdx.x * GROUPS + threadIdx.x / GROUP;
  Run run = runOf(runs, blockIdx.y);
  Values<W> factor[K];
  Values<W> total[K];
  loadRun<W, WHOLE>(run.weight, run.size, factor);
  for (int k = 0; k < K; k++) {
    for (int i = 0; i < W; i++) {
      factor[k].at[i] = factor[k].at[i] + runs.offset;
    }
    total[k] = Values<W>{};
  }
  for (int j = 0; j < chunkRows; j++) {
    long long r = static_cast<long long>(chunk) * chunkRows + j;
    int n = r < rows ? run.size : 0;
    long long at = r * columns + run.first;
    Values<W> d[K];
    Values<W> value[K];
    Values<W> slope[K];
    loadRun<W, WHOLE>(dy + at, n, d);
    loadRun<W, WHOLE>(x + at, n, value);
    if constexpr (ADD) {
      loadRun<W, WHOLE>(dx + at, n, slope);
    }
    float scale = n > 0 ? rstd[gridDim.y * r + blockIdx.y] : 0.0f;
    float sum = 0;
    for (int k = 0; k < K; k++) {
      for (int i = 0; i < W; i++) {
        sum = fmaf(d[k].at[i] * factor[k].at[i], value[k].at[i], sum);
      }
    }
    float shrink = -scale * scale * (groupSum(sum) / run.size);
    for (int k = 0; k < K; k++) {
      for (int i = 0; i < W; i++) {
        float inner = fmaf(value[k].at[i], shrink, d[k].at[i] * factor[k].at[i]);
        slope[k].at[i] = ADD ? fmaf(inner, scale, slope[k].at[i]) : inner * scale;
        total[k].at[i] = fmaf(d[k].at[i], value[k].at[i] * scale, total[k].at[i]);
      }
    }
    storeRun<WHOLE>(dx + at, n, slope);
  }
  if (static_cast<long long>(chunk) * chunkRows < rows) {
    float* to = sums + static_cast<long long>(chunk) * sumColumns + run.first;
    storeRun<WHOLE>(to, run.size, total);
  }
}

#else

static_assert(GROUPS == 1, "threads of a block wait for each other");

template <bool WHOLE, typename X, typename Y>
inline void normalize(const X* x, Y* y, int rows, int columns, const Runs& runs, float epsilon,
                      float* rstd) {
  constexpr int W = widthOf<X, Y>();
  int r = blockIdx.x;
  Run run = runOf(runs, blockIdx.y);
  long long at = static_cast<long long>(columns) * r + run.first;
  float sum = 0;
#pragma unroll 4
  for (int c = threadIdx.x * W; c < run.size; c += GROUP * W) {
    Values<W> value = loadOf<W, WHOLE>(x + at + c, run.size - c);
    for (int i = 0; i < W; i++) {
      sum = fmaf(value.at[i], value.at[i], sum);
    }
  }
  float scale = 1.0f / sqrtf(groupSum(sum) / run.size + epsilon);
  if (threadIdx.x == 0) {
    rstd[static_cast<long long>(gridDim.y) * r + blockIdx.y] = scale;
  }
#pragma unroll 2
  for (int c = threadIdx.x * W; c < run.size; c += GROUP * W) {
    Values<W> value = loadOf<W, WHOLE>(x + at + c, run.size - c);
    Values<W> weight = loadOf<W, WHOLE>(run.weight + c, run.size - c);
    for (int i = 0; i < W; i++) {
      value.at[i] = value.at[i] * scale * (weight.at[i] + runs.offset);
    }
    storeOf<WHOLE>(y + at + c, value, run.size - c);
  }
}

template <bool WHOLE, bool ADD, typename D, typename X>
inline void backward(const D* dy, const X* x, X* dx, int rows, int columns, const Runs& runs,
                     const float* rstd, int chunkRows, float* sums, int sumColumns) {
  constexpr int W = widthOf<D, X>();
  Run run = runOf(runs, blockIdx.y);
  float* to = sums + static_cast<long long>(blockIdx.x) * sumColumns + run.first;
  for (int j = 0; j < chunkRows; j++) {
    long long r = static_cast<long long>(blockIdx.x) * chunkRows + j;
    if (r >= rows) {
      return;
    }
    long long at = r * columns + run.first;
    float sum = 0;
    for (int c = threadIdx.x * W; c < run.size; c += GROUP * W) {
      Values<W> d = loadOf<W, WHOLE>(dy + at + c, run.size - c);
      Values<W> value = loadOf<W, WHOLE>(x + at + c, run.size - c);
      Values<W> factor = loadOf<W, WHOLE>(run.weight + c, run.size - c);
      for (int i = 0; i < W; i++) {
        sum = fmaf(d.at[i] * (factor.at[i] + runs.offset), value.at[i], sum);
      }
    }
    float scale = rstd[gridDim.y * r + blockIdx.y];
    float shrink = -scale * scale * (groupSum(sum) / run.size);
    for (int c = threadIdx.x * W; c < run.size; c += GROUP * W) {
      int count = run.size - c;
      Values<W> d = loadOf<W, WHOLE>(dy + at + c, count);
      Values<W> value = loadOf<W, WHOLE>(x + at + c, count);
      Values<W> factor = loadOf<W, WHOLE>(run.weight + c, count);
      Values<W> slope = {};
      if constexpr (ADD) {
        slope = loadOf<W, WHOLE>(dx + at + c, count);
      }
      Values<W> total = {};
      if (j > 0) {
        total = loadOf<W, WHOLE>(to + c, count);
      }
      for (int i = 0; i < W; i++) {
        float inner = fmaf(value.at[i], shrink, d.at[i] * (factor.at[i] + runs.offset));
        slope.at[i] = ADD ? fmaf(inner, scale, slope.at[i]) : inner * scale;
        total.at[i] = fmaf(d.at[i], value.at[i] * scale, total.at[i]);
      }
      storeOf<WHOLE>(dx + at + c, slope, count);
      storeOf<WHOLE>(to + c, total, count);
    }
  }
}

#endif

#define NORM(NAME, X, Y)                                                                          \
  extern "C" __global__ void __launch_bounds__(BLOCK) normalize##NAME(                            \
      const X* x, Y* y, int rows, int columns, int queries, int queryRun, int keyRun,             \
      const float* queryWeight, const float* keyWeight, float offset, float epsilon, float* rstd, \
      int whole) {                                                                                \
    Runs runs = {queries, queryRun, keyRun, queryWeight, keyWeight, offset};                      \
    if (whole) {                                                                                  \
      normalize<true>(x, y, rows, columns, runs, epsilon, rstd);                                  \
    } else {                                                                                      \
      normalize<false>(x, y, rows, columns, runs, epsilon, rstd);                                 \
    }                                                                                             \
  }

#define NORM_BACKWARD(NAME, D, X, ADD)                                                            \
  extern "C" __global__ void __launch_bounds__(BLOCK) backward##NAME(                             \
      const D* dy, const X* x, X* dx, int rows, int columns, int queries, int queryRun,           \
      int keyRun, const float* queryWeight, const float* keyWeight, float offset,                 \
      const float* rstd, int chunkRows, float* sums, int sumColumns, int whole) {                 \
    Runs runs = {queries, queryRun, keyRun, queryWeight, keyWeight, offset};                      \
    if (whole) {                                                                                  \
      backward<true, ADD>(dy, x, dx, rows, columns, runs, rstd, chunkRows, sums, sumColumns);     \
    } else {                                                                                      \
      backward<false, ADD>(dy, x, dx, rows, columns, runs, rstd, chunkRows, sums, sumColumns);    \
    }                                                                                             \
  }

NORM(F32, float, float)
NORM(Rounded, float, bf16)
NORM(Bf16, bf16, bf16)
NORM_BACKWARD(AddF32, float, float, true)
NORM_BACKWARD(AddBf16, bf16, float, true)
NORM_BACKWARD(F32, float, float, false)
NORM_BACKWARD(Bf16, bf16, bf16, false)
