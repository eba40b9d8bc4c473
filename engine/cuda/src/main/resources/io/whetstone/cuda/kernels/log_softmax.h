// The log-softmax of rows of logits, z = logits * (1 / temperature), read in blocks of 4096 with the
// arithmetic of io.whetstone.cpu.LogSoftmax on 16 lanes. Sampling and training both read a row through
// this, so their logprobs are the same bits, whatever parts a vocabulary comes in.
#pragma once

#include "numbers.h"

/** Logits of a block; parts of a vocabulary are made of whole ones. */
constexpr int SOFTMAX_BLOCK = 4096;

/** Lanes that sum a block: half a warp. */
constexpr int SOFTMAX_LANES = 16;

/** cap * tanh(x / cap), or x where there is no cap. */
inline float capped(float x, float cap) { return cap > 0.0f ? tanhExact(x * (1.0f / cap)) * cap : x; }

/** What is kept of a block: its maximum and, below that, the sums of exp(b) and of exp(b) b. */
struct BlockSums {
  double sum;
  double weighted;
  float max;
};

/** A block's sums, by half a warp; every lane of the warp must call, with half a block of its own. */
inline BlockSums sumBlock(const float* logits, int count, float inverse, float cap) {
  int lane = threadIdx.x % SOFTMAX_LANES;
  int whole = count - count % SOFTMAX_LANES;
  float max = -infinity();
  for (int v = lane; v < count; v += SOFTMAX_LANES) {
    max = larger(max, capped(logits[v], cap) * inverse);
  }
  for (int apart = SOFTMAX_LANES / 2; apart > 0; apart /= 2) {
    max = larger(max, __shfl_xor_sync(numbers::WARP, max, apart));
  }
  float sum = 0.0f;
  float weighted = 0.0f;
  for (int v = lane; v < whole; v += SOFTMAX_LANES) {
    float below = capped(logits[v], cap) * inverse - max;
    float exp = expExact(below);
    sum += exp;
    weighted = fmaf(exp, below, weighted);
  }
  for (int apart = SOFTMAX_LANES / 2; apart > 0; apart /= 2) {
    sum += __shfl_xor_sync(numbers::WARP, sum, apart);
    weighted += __shfl_xor_sync(numbers::WARP, weighted, apart);
  }
  BlockSums sums{sum, weighted, max};
  if (whole < count) {
    float rest = 0.0f;
    float weightedRest = 0.0f;
    for (int v = whole; v < count; v++) {
      float below = capped(logits[v], cap) * inverse - max;
      float exp = expExact(below);
      rest += exp;
      weightedRest = fmaf(exp, below, weightedRest);
    }
    sums.sum += rest;
    sums.weighted += weightedRest;
  }
  return sums;
}

/** A row's log-softmax, once its blocks have been added in order. */
struct LogSoftmax {
  float max;
  double sum;
  double weighted;

  inline void add(const BlockSums& block) {
    if (block.max > max) {
      float lower = max - block.max;
      if (sum > 0) {
        double factor = expExact(lower);
        weighted = (weighted + sum * lower) * factor;
        sum *= factor;
      }
      max = block.max;
      sum += block.sum;
      weighted += block.weighted;
    } else {
      // Also where one of them is NaN, which it stays.
      float lower = block.max - max;
      double factor = expExact(lower);
      sum += block.sum * factor;
      weighted += (block.weighted + block.sum * lower) * factor;
    }
  }

  inline float logSum() const { return logExact(static_cast<float>(sum)); }
};

inline LogSoftmax startLogSoftmax() { return LogSoftmax{-infinity(), 0.0, 0.0}; }
