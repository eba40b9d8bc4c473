// The functions of numbers.h over arrays, and its sums over a block, for NumbersTest.
#include "numbers.h"

extern "C" __global__ void exps(const float* x, float* y, int size) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < size; i += gridDim.x * blockDim.x) {
    y[i] = expExact(x[i]);
  }
}

extern "C" __global__ void logs(const float* x, float* y, int size) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < size; i += gridDim.x * blockDim.x) {
    y[i] = logExact(x[i]);
  }
}

extern "C" __global__ void expsOfNegative(const float* x, float* y, int size) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < size; i += gridDim.x * blockDim.x) {
    y[i] = expOfNegative(x[i]);
  }
}

// y = {sum, sum in double, largest} of 256 numbers, thrice over so that calls follow each other.
extern "C" __global__ void sums(const float* x, float* y) {
  for (int i = 0; i < 3; i++) {
    float value = x[threadIdx.x];
    float sum = blockSum<256>(value);
    double exact = blockSumDouble<256>(value);
    float most = blockMax<256>(value);
    if (threadIdx.x == 77) {
      y[3 * i] = sum;
      y[3 * i + 1] = static_cast<float>(exact);
      y[3 * i + 2] = most;
    }
  }
}
