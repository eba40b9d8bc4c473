// Kernels with a defect each, for the stand-in's checks to find at the line marked HERE, and right ones beside them.
#include "device.h"

// ---- memory

extern "C" __global__ void beyondGlobal(float* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i <= n) y[i] = 1;  // HERE beyondGlobal
}

extern "C" __global__ void beforeGlobal(const float* x, float* y) {
  y[threadIdx.x] = x[(int)threadIdx.x - 1];  // HERE beforeGlobal
}

extern "C" __global__ void nowhere(float* y) {
  y[threadIdx.x] = 1;  // HERE nowhere
}

extern "C" __global__ void beyondStatic(float* y) {
  __shared__ float part[64];
  float* p = part;
  p[threadIdx.x + 1] = 1;  // HERE beyondStatic
  __syncthreads();
  y[threadIdx.x] = part[0];
}

extern "C" __global__ void beyondDimension(float* y, int column) {
  __shared__ float tile[8][8];
  tile[threadIdx.x / 8][threadIdx.x % 8 + column] = 1;  // HERE beyondDimension
  __syncthreads();
  y[threadIdx.x] = tile[0][0];
}

extern "C" __global__ void beyondDynamic(float* y) {
  float* part = dynamicShared<float>();
  part[threadIdx.x] = 1;  // HERE beyondDynamic
  __syncthreads();
  y[threadIdx.x] = part[0];
}

extern "C" __global__ void beyondRegisters(float* y, int n) {
  float held[4] = {};
  for (int i = 0; i <= n; i++) held[i] += 1;  // HERE beyondRegisters
  y[threadIdx.x] = held[threadIdx.x % 4];
}

extern "C" __global__ void misalignedVector(const float* x, float* y) {
  float4 v = *(const float4*)(x + threadIdx.x);  // HERE misalignedVector
  y[threadIdx.x] = v.x + v.w;
}

extern "C" __global__ void misalignedCopy(const float* x, float* y) {
  __shared__ __align__(16) float part[128];
  copyAsync16(part + 4 * threadIdx.x, x + 4 * threadIdx.x + 1);  // HERE misalignedCopy
  copyAsyncCommit();
  copyAsyncWait<0>();
  y[threadIdx.x] = part[4 * threadIdx.x];
}

extern "C" __global__ void misalignedMatrix(unsigned* y) {
  __shared__ __align__(16) bf16 tile[16 * 24];
  for (int i = threadIdx.x; i < 16 * 24; i += 32) tile[i] = toBf16(1);
  __syncthreads();
  unsigned r[4];
  ldmatrix4(r, tile + (threadIdx.x % 16) * 20);  // HERE misalignedMatrix
  y[threadIdx.x] = r[0];
}

extern "C" __global__ void matrixOfGlobal(const bf16* x, unsigned* y) {
  unsigned r[4];
  ldmatrix4(r, x + 8 * threadIdx.x);  // HERE matrixOfGlobal
  y[threadIdx.x] = r[0];
}

// ---- races

extern "C" __global__ void forgottenBarrier(float* y) {
  __shared__ float part[128];
  part[threadIdx.x] = threadIdx.x;
  y[threadIdx.x] = part[127 - threadIdx.x];  // HERE forgottenBarrier
}

extern "C" __global__ void forgottenSecondBarrier(const float* x, float* y, int n) {
  __shared__ float part[64];
  float sum = 0;
  for (int i = 0; i < n; i += 64) {
    part[threadIdx.x] = x[i + threadIdx.x];  // HERE forgottenSecondBarrier
    __syncthreads();
    for (int j = 0; j < 64; j++) sum += part[j];
  }
  y[threadIdx.x] = sum;
}

extern "C" __global__ void forgottenWarpBarrier(float* y) {
  __shared__ float part[32];
  part[threadIdx.x] = threadIdx.x;
  y[threadIdx.x] = part[31 - threadIdx.x];  // HERE forgottenWarpBarrier
}

extern "C" __global__ void severalWriters(float* y) {
  __shared__ float total;
  total = threadIdx.x;  // HERE severalWriters
  __syncthreads();
  y[threadIdx.x] = total;
}

extern "C" __global__ void blocksWriteTheSame(float* y) {
  y[threadIdx.x] = blockIdx.x;  // HERE blocksWriteTheSame
}

extern "C" __global__ void blocksReadWhatOthersWrite(float* y) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  y[i] = y[(i + 32) % (gridDim.x * blockDim.x)] + 1;  // HERE blocksReadWhatOthersWrite
}

extern "C" __global__ void nothingWritten(float* y) {
  __shared__ float part[64];
  if (threadIdx.x < 60) part[threadIdx.x] = 1;
  __syncthreads();
  y[threadIdx.x] = part[63 - threadIdx.x];  // HERE nothingWritten
}

extern "C" __global__ void copyNotWaitedFor(const float* x, float* y) {
  __shared__ __align__(16) float part[128];
  copyAsync16(part + 4 * threadIdx.x, x + 4 * threadIdx.x);
  copyAsyncCommit();
  __syncthreads();
  y[threadIdx.x] = part[4 * threadIdx.x];  // HERE copyNotWaitedFor
}

extern "C" __global__ void copyOfAnotherThread(const float* x, float* y) {
  __shared__ __align__(16) float part[128];
  copyAsync16(part + 4 * threadIdx.x, x + 4 * threadIdx.x);
  copyAsyncCommit();
  copyAsyncWait<0>();
  y[threadIdx.x] = part[4 * (threadIdx.x ^ 1)];  // HERE copyOfAnotherThread
}

// ---- barriers and warps

extern "C" __global__ void barrierForSome(float* y, int n) {
  if (threadIdx.x >= n) return;
  __syncthreads();  // HERE barrierForSome
  y[threadIdx.x] = 1;
}

extern "C" __global__ void twoBarriers(float* y) {
  if (threadIdx.x < 40) {
    __syncthreads();
  } else {
    __syncthreads();  // HERE twoBarriers
  }
  y[threadIdx.x] = 1;
}

extern "C" __global__ void barrierInAWarp(float* y) {
  float v = threadIdx.x;
  if (threadIdx.x == 5) __syncthreads();
  v = __shfl_sync(0xffffffffu, v, 0);  // HERE barrierInAWarp
  y[threadIdx.x] = v;
}

extern "C" __global__ void laneThatEnded(float* y) {
  if (threadIdx.x == 31) return;
  y[threadIdx.x] = __shfl_sync(0xffffffffu, (float)threadIdx.x, 0);  // HERE laneThatEnded
}

extern "C" __global__ void laneOutsideTheMask(float* y) {
  float v = threadIdx.x;
  if (threadIdx.x < 16) v = __shfl_down_sync(0xffffu, v, 8);  // HERE laneOutsideTheMask
  y[threadIdx.x] = v;
}

extern "C" __global__ void twoVotes(int* y) {
  int all;
  if (threadIdx.x < 16) {
    all = __all_sync(0xffffffffu, 1);
  } else {
    all = __any_sync(0xffffffffu, 1);  // HERE twoVotes
  }
  y[threadIdx.x] = all;
}

extern "C" __global__ void productOfAPartOfAWarp(float* y) {
  float d[4] = {};
  unsigned a[4] = {}, b[2] = {};
  mma16816(d, a, b);  // HERE productOfAPartOfAWarp
  y[threadIdx.x] = d[0];
}

extern "C" __global__ void __launch_bounds__(2 * 32) bounded(float* y) { y[threadIdx.x] = 1; }

// ---- right ones

extern "C" __global__ void rightSum(const float* x, float* y, int n) {
  __shared__ float part[128];
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  part[threadIdx.x] = i < n ? x[i] : 0;
  __syncthreads();
  for (int half = 64; half > 0; half >>= 1) {
    if (threadIdx.x < half) part[threadIdx.x] += part[threadIdx.x + half];
    __syncthreads();
  }
  if (threadIdx.x == 0) y[blockIdx.x] = part[0];
}

extern "C" __global__ void rightWarps(const float* x, float* y, int n) {
  __shared__ float exchanged[128];
  float v = threadIdx.x < n ? x[threadIdx.x] : 0;
  for (int lanes = 16; lanes > 0; lanes >>= 1) v += __shfl_xor_sync(0xffffffffu, v, lanes);
  exchanged[threadIdx.x] = v + threadIdx.x;
  __syncwarp();
  v = exchanged[threadIdx.x ^ 31];
  __syncwarp();
  exchanged[threadIdx.x ^ 31] = v;
  if (threadIdx.x % 32 < 8) v = __shfl_sync(0xffu, v, 0, 8);
  y[threadIdx.x] = v;
}

/** y [64, 8] = x [64, 64] wᵀ [64, 8]: asynchronous copies in two stages, ldmatrix and tensor cores. */
extern "C" __global__ void rightProduct(const bf16* x, const bf16* w, float* y) {
  constexpr int WIDTH = 24;  // 16 elements, and 8 so that rows lie in different banks
  __shared__ __align__(16) bf16 xs[2][64 * WIDTH];
  __shared__ __align__(16) bf16 ws[2][8 * WIDTH];
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  float d[4] = {};
  auto start = [&](int k, int stage) {
    for (int i = threadIdx.x; i < 128; i += blockDim.x) copyAsync16(&xs[stage][i / 2 * WIDTH + i % 2 * 8], x + i / 2 * 64 + k + i % 2 * 8);
    for (int i = threadIdx.x; i < 16; i += blockDim.x) copyAsync16(&ws[stage][i / 2 * WIDTH + i % 2 * 8], w + i / 2 * 64 + k + i % 2 * 8);
    copyAsyncCommit();
  };
  start(0, 0);
  for (int k = 0; k < 64; k += 16) {
    int stage = k / 16 % 2;
    if (k + 16 < 64) start(k + 16, 1 - stage);
    if (k + 16 < 64) copyAsyncWait<1>(); else copyAsyncWait<0>();
    __syncthreads();
    unsigned a[4], b[2];
    ldmatrix4(a, &xs[stage][(warp * 16 + lane % 16) * WIDTH + lane / 16 * 8]);
    ldmatrix2(b, &ws[stage][(lane % 8) * WIDTH + lane / 8 % 2 * 8]);
    mma16816(d, a, b);
    __syncthreads();
  }
  int row = warp * 16 + lane / 4, column = lane % 4 * 2;
  y[row * 8 + column] = d[0];
  y[row * 8 + column + 1] = d[1];
  y[(row + 8) * 8 + column] = d[2];
  y[(row + 8) * 8 + column + 1] = d[3];
}

/** The block that comes last adds up what all have written. */
extern "C" __global__ void rightLastBlock(const float* x, float* parts, unsigned* count, float* y) {
  __shared__ unsigned before;
  float v = x[blockIdx.x * 32 + threadIdx.x];
  for (int lanes = 16; lanes > 0; lanes >>= 1) v += __shfl_xor_sync(0xffffffffu, v, lanes);
  if (threadIdx.x == 0) {
    parts[blockIdx.x] = v;
    __threadfence();
    before = atomicAdd(count, 1u);
  }
  __syncthreads();
  if (before == gridDim.x - 1 && threadIdx.x == 0) {
    float sum = 0;
    for (int i = 0; i < gridDim.x; i++) sum += parts[i];
    y[0] = sum;
  }
}

/** Neighbours that share a word: halves are written by two threads. */
extern "C" __global__ void rightHalves(bf16* y, unsigned char* z, int n) {
  __shared__ bf16 part[128];
  int i = threadIdx.x;
  part[i] = toBf16(i);
  __syncthreads();
  if (i < n) {
    y[i] = part[127 - i];
    z[i] = (unsigned char)i;
  }
}

extern "C" __global__ void rightRegisters(const float* x, float* y, int n) {
  float held[8];
  for (int i = 0; i < 8; i++) held[i] = i * 32 + threadIdx.x < n ? x[i * 32 + threadIdx.x] : 0;
  float sum = 0;
  for (int i = 0; i < 8; i++) sum += held[(i + threadIdx.x) % 8];
  y[threadIdx.x] = sum;
}
