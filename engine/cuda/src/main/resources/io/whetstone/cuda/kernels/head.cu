// Logprobs and entropies of tokens from logits that are there for some rows and a part of the
// vocabulary, and the logits' gradients.
#include "log_softmax.h"

/**
 * Sums of a part's blocks of some rows, by half a warp each, kept as [row][block of the vocabulary];
 * and the logits of the rows' targets that are in it.
 */
extern "C" __global__ void headBlocks(const float* logits, int rows, int firstToken, int width, int vocabulary,
                                      float inverse, float cap, const int* targets, double* sums, double* weighted,
                                      float* maxes, float* targetLogits) {
  int blocksOfPart = (width + SOFTMAX_BLOCK - 1) / SOFTMAX_BLOCK;
  int blocks = (vocabulary + SOFTMAX_BLOCK - 1) / SOFTMAX_BLOCK;
  long long units = (long long)rows * blocksOfPart;
  long long unit = ((long long)blockIdx.x * blockDim.x + threadIdx.x) / SOFTMAX_LANES;
  bool there = unit < units;
  int row = there ? unit / blocksOfPart : 0;
  int block = there ? unit % blocksOfPart : 0;
  int from = block * SOFTMAX_BLOCK;
  int count = width - from < SOFTMAX_BLOCK ? width - from : SOFTMAX_BLOCK;
  const float* at = logits + (long long)row * width + from;
  BlockSums own = sumBlock(at, there ? count : 0, inverse, cap);
  if (there && threadIdx.x % SOFTMAX_LANES == 0) {
    long long slot = (long long)row * blocks + firstToken / SOFTMAX_BLOCK + block;
    sums[slot] = own.sum;
    weighted[slot] = own.weighted;
    maxes[slot] = own.max;
    int target = targets[row] - firstToken - from;
    if (target >= 0 && target < count) {
      targetLogits[row] = capped(at[target], cap);
    }
  }
}

/** Each row's results from its blocks in order; logprobs holds the targets' logits and is overwritten. */
extern "C" __global__ void headFinish(int rows, int blocks, float inverse, const double* sums, const double* weighted,
                                      const float* maxes, float* logprobs, float* entropy, float* logSumExp) {
  int row = blockIdx.x * blockDim.x + threadIdx.x;
  if (row >= rows) {
    return;
  }
  LogSoftmax softmax = startLogSoftmax();
  for (int block = 0; block < blocks; block++) {
    long long slot = (long long)row * blocks + block;
    softmax.add(BlockSums{sums[slot], weighted[slot], maxes[slot]});
  }
  float logSum = softmax.logSum();
  logprobs[row] = logprobs[row] * inverse - softmax.max - logSum;
  // -sum p log p with log p = below - logSum.
  entropy[row] = static_cast<float>(logSum - softmax.weighted / softmax.sum);
  logSumExp[row] = softmax.max + logSum;
}

/**
 * The logits' gradients of a part, -(1 / temperature) p (dLogprob + dEntropy (log p + entropy)), the
 * target's with (1 / temperature) dLogprob more, times the cap's slope; of row blockIdx.y. dLogits may
 * be the logits.
 */
template <typename T>
inline void gradient(const float* logits, int firstToken, int width, float inverse, float cap, const int* targets,
                     const float* entropy, const float* logSumExp, const float* dLogprobs, const float* dEntropy,
                     T* dLogits) {
  int row = blockIdx.y;
  int target = targets[row] - firstToken;
  float rowEntropy = entropy[row];
  float rowLogSumExp = logSumExp[row];
  float dLogprob = dLogprobs[row];
  float dRowEntropy = dEntropy[row];
  long long start = (long long)row * width;
  for (int v = blockIdx.x * blockDim.x + threadIdx.x; v < width; v += gridDim.x * blockDim.x) {
    float logit = logits[start + v];
    float slope = 1.0f;
    if (cap > 0.0f) {
      float ratio = tanhExact(logit * (1.0f / cap));
      logit = ratio * cap;
      slope = 1.0f - ratio * ratio;
    }
    float logP = logit * inverse - rowLogSumExp;
    float factor = ((logP + rowEntropy) * dRowEntropy + dLogprob) * -inverse;
    float value = expExact(logP) * factor * slope;
    if (v == target) {
      value += dLogprob * inverse * slope;
    }
    store(dLogits + start + v, value);
  }
}

extern "C" __global__ void headGradientF32(const float* logits, int firstToken, int width, float inverse,
                                           float cap, const int* targets, const float* entropy,
                                           const float* logSumExp, const float* dLogprobs, const float* dEntropy,
                                           float* dLogits) {
  gradient(logits, firstToken, width, inverse, cap, targets, entropy, logSumExp, dLogprobs, dEntropy, dLogits);
}

extern "C" __global__ void headGradientBf16(const float* logits, int firstToken, int width, float inverse,
                                            float cap, const int* targets, const float* entropy,
                                            const float* logSumExp, const float* dLogprobs, const float* dEntropy,
                                            bf16* dLogits) {
  gradient(logits, firstToken, width, inverse, cap, targets, entropy, logSumExp, dLogprobs, dEntropy, dLogits);
}
