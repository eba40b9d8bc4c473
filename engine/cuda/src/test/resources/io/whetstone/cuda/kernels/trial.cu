// For tests of the compiler and of launches.
#include "device.h"

#ifndef FACTOR
#define FACTOR 1
#endif

/** y[i] = FACTOR · (x[i] + a + b + c). */
extern "C" __global__ void addUp(const int* x, int a, long long b, float c, double d, int n, double* y) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    y[i] = FACTOR * (x[i] + a + b + (double)c + d);
  }
}

/** Every block's number into its place, by way of dynamic shared memory. */
extern "C" __global__ void number(int last, int* y) {
  int* shared = dynamicShared<int>();
  if (threadIdx.x == 0) {
    shared[last] = blockIdx.y * gridDim.x + blockIdx.x;
  }
  __syncthreads();
  if (threadIdx.x == blockDim.x - 1) {
    y[blockIdx.y * gridDim.x + blockIdx.x] = shared[last];
  }
}

/** y[0] += 1. */
extern "C" __global__ void addOne(int* y) {
  if (threadIdx.x == 0) {
    y[0] = y[0] + 1;
  }
}
