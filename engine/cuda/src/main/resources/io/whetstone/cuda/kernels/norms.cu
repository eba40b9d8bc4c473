// RMSNorm of runs of columns, forward and backward: a row is one run (rmsNorm), or its query and
// key heads are runs (headNorm). A group of THREADS threads takes a run: 16 where runs are short,
// a block of 256 else, which depends on the runs' lengths only.
#include "numbers.h"
#include "vectors.h"

namespace {
constexpr int BLOCK = 256;
constexpr int FEW = 16;
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
template <int THREADS>
inline float groupSum(float value) {
  if constexpr (THREADS > 32) {
    return blockSum<THREADS>(value);
  } else {
    for (int apart = THREADS / 2; apart > 0; apart /= 2) {
      value += __shfl_xor_sync(numbers::WARP, value, apart);
    }
    return value;
  }
}

// y = x rstd (offset + weight), rstd = 1 / sqrt(mean x^2 + epsilon). blockIdx.y is the run.
template <typename X, typename Y, int THREADS>
inline void normalize(const X* x, Y* y, int rows, int columns, const Runs& runs, float epsilon,
                      float* rstd, int whole) {
  constexpr int W = widthOf<X, Y>();
  int lane = threadIdx.x % THREADS;
  int r = blockIdx.x * (BLOCK / THREADS) + threadIdx.x / THREADS;
  Run run = runOf(runs, blockIdx.y);
  // A group without a row still takes part in its warp's shuffles.
  int n = r < rows ? run.size : 0;
  long long at = static_cast<long long>(columns) * r + run.first;
  float sum = 0;
  for (int c = lane * W; c < n; c += THREADS * W) {
    Values<W> value = load<W>(x + at + c, n - c, whole);
    for (int k = 0; k < W; k++) {
      sum = fmaf(value.at[k], value.at[k], sum);
    }
  }
  float scale = 1.0f / sqrtf(groupSum<THREADS>(sum) / run.size + epsilon);
  if (lane == 0 && r < rows) {
    rstd[static_cast<long long>(gridDim.y) * r + blockIdx.y] = scale;
  }
  for (int c = lane * W; c < n; c += THREADS * W) {
    Values<W> value = load<W>(x + at + c, n - c, whole);
    Values<W> weight = load<W>(run.weight + c, n - c, whole);
    for (int k = 0; k < W; k++) {
      value.at[k] = value.at[k] * scale * (weight.at[k] + runs.offset);
    }
    store(y + at + c, value, n - c, whole);
  }
}

// With g = dy (offset + weight): dx += rstd (g - x rstd^2 mean(g x)), or = where it does not ADD;
// sums[chunk, c] = the sum of dy x rstd over the rows of the chunk, in their order. A group takes a
// run of a chunk of rows; its sums stand in shared memory, each thread's its own.
template <typename D, typename X, bool ADD, int THREADS>
inline void backward(const D* dy, const X* x, X* dx, int rows, int columns, const Runs& runs,
                     const float* rstd, int chunkRows, float* sums, int sumColumns, int whole) {
  constexpr int W = widthOf<D, X>();
  int lane = threadIdx.x % THREADS;
  int group = threadIdx.x / THREADS;
  int chunk = blockIdx.x * (BLOCK / THREADS) + group;
  Run run = runOf(runs, blockIdx.y);
  int longest = runs.queryRun > runs.keyRun ? runs.queryRun : runs.keyRun;
  float* partial = dynamicShared<float>() + group * ((longest + 7) / 8 * 8);
  for (int c = lane * W; c < run.size; c += THREADS * W) {
    store(partial + c, Values<W>{}, run.size - c, whole);
  }
  for (int i = 0; i < chunkRows; i++) {
    long long r = static_cast<long long>(chunk) * chunkRows + i;
    int n = r < rows ? run.size : 0;
    long long at = r * columns + run.first;
    float sum = 0;
    for (int c = lane * W; c < n; c += THREADS * W) {
      Values<W> d = load<W>(dy + at + c, n - c, whole);
      Values<W> value = load<W>(x + at + c, n - c, whole);
      Values<W> weight = load<W>(run.weight + c, n - c, whole);
      for (int k = 0; k < W; k++) {
        sum = fmaf(d.at[k] * (weight.at[k] + runs.offset), value.at[k], sum);
      }
    }
    float projection = groupSum<THREADS>(sum);
    float scale = r < rows ? rstd[gridDim.y * r + blockIdx.y] : 0.0f;
    float shrink = -scale * scale * (projection / run.size);
    for (int c = lane * W; c < n; c += THREADS * W) {
      Values<W> d = load<W>(dy + at + c, n - c, whole);
      Values<W> value = load<W>(x + at + c, n - c, whole);
      Values<W> weight = load<W>(run.weight + c, n - c, whole);
      Values<W> total = load<W>(partial + c, n - c, whole);
      Values<W> slope = {};
      if (ADD) {
        slope = load<W>(dx + at + c, n - c, whole);
      }
      for (int k = 0; k < W; k++) {
        float g = d.at[k] * (weight.at[k] + runs.offset);
        slope.at[k] = fmaf(fmaf(value.at[k], shrink, g), scale, slope.at[k]);
        total.at[k] = fmaf(d.at[k], value.at[k] * scale, total.at[k]);
      }
      store(dx + at + c, slope, n - c, whole);
      store(partial + c, total, n - c, whole);
    }
  }
  if (static_cast<long long>(chunk) * chunkRows < rows) {
    float* to = sums + static_cast<long long>(chunk) * sumColumns + run.first;
    for (int c = lane * W; c < run.size; c += THREADS * W) {
      store(to + c, load<W>(partial + c, run.size - c, whole), run.size - c, whole);
    }
  }
}

#define NORM(NAME, X, Y, THREADS)                                                                 \
  extern "C" __global__ void normalize##NAME(                                                     \
      const X* x, Y* y, int rows, int columns, int queries, int queryRun, int keyRun,             \
      const float* queryWeight, const float* keyWeight, float offset, float epsilon, float* rstd, \
      int whole) {                                                                                \
    Runs runs = {queries, queryRun, keyRun, queryWeight, keyWeight, offset};                      \
    normalize<X, Y, THREADS>(x, y, rows, columns, runs, epsilon, rstd, whole);                    \
  }

#define NORM_BACKWARD(NAME, D, X, ADD, THREADS)                                                  \
  extern "C" __global__ void backward##NAME(                                                     \
      const D* dy, const X* x, X* dx, int rows, int columns, int queries, int queryRun,          \
      int keyRun, const float* queryWeight, const float* keyWeight, float offset,                \
      const float* rstd, int chunkRows, float* sums, int sumColumns, int whole) {                \
    Runs runs = {queries, queryRun, keyRun, queryWeight, keyWeight, offset};                     \
    backward<D, X, ADD, THREADS>(dy, x, dx, rows, columns, runs, rstd, chunkRows, sums,          \
                                 sumColumns, whole);                                             \
  }

NORM(F32Short, float, float, FEW)
NORM(F32Long, float, float, BLOCK)
NORM(RoundedShort, float, bf16, FEW)
NORM(RoundedLong, float, bf16, BLOCK)
NORM(Bf16Short, bf16, bf16, FEW)
NORM(Bf16Long, bf16, bf16, BLOCK)
NORM_BACKWARD(AddF32Short, float, float, true, FEW)
NORM_BACKWARD(AddF32Long, float, float, true, BLOCK)
NORM_BACKWARD(AddBf16Short, bf16, float, true, FEW)
NORM_BACKWARD(AddBf16Long, bf16, float, true, BLOCK)
NORM_BACKWARD(F32Short, float, float, false, FEW)
NORM_BACKWARD(F32Long, float, float, false, BLOCK)
NORM_BACKWARD(Bf16Short, bf16, bf16, false, FEW)
NORM_BACKWARD(Bf16Long, bf16, bf16, false, BLOCK)
