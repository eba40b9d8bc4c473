// Draws of tokens from rows of logits, with the arithmetic of io.whetstone.cpu.TokenSampler: the same
// draw from the same logits.
#include "log_softmax.h"

/** Weights whose sum is known when a draw looks for its token. */
constexpr int WEIGHT_BLOCK = 1024;

/** Keys that a block sorts in shared memory. */
constexpr int SORTED = 2048;

/** Sign, exponent and three bits of the mantissa of a weight in [0, 1]. */
constexpr int BUCKET_SHIFT = 20;
constexpr int BUCKETS = (0x3f800000 >> BUCKET_SHIFT) + 1;

/** More than sums in another order can differ by. */
constexpr double SLACK = 1 + 1e-9;

// What can be wrong with a row.
constexpr int FINE = 0;
constexpr int NOT_FINITE = 1;
constexpr int ALL_SUPPRESSED = 2;

/** A row's settings: see io.whetstone.cuda.TokenSampler. */
struct Settings {
  float inverse;
  float topP;
  float minP;
  int topK;
  int mask;
  int fromSuppressed;
  int toSuppressed;
  int greedy;

  inline bool filters() const { return greedy == 0 && (topK > 0 || topP < 1.0f || minP > 0.0f); }
};

constexpr int SETTINGS_INTS = 8;

inline Settings readSettings(const int* settings, int row) {
  const int* at = settings + (long long)SETTINGS_INTS * row;
  return Settings{__uint_as_float(at[0]), __uint_as_float(at[1]), __uint_as_float(at[2]), at[3], at[4], at[5], at[6],
                  at[7]};
}

/** What is known of each row on the way. */
struct RowState {
  unsigned long long cut;
  float max;
  float logSum;
  float drawMax;
  int status;
};

/** Larger weights come first, then lower ids. */
inline unsigned long long keyOf(float weight, int token) {
  return ((unsigned long long)~__float_as_uint(weight) << 32) | (unsigned)token;
}

inline float weightOf(unsigned long long key) { return __uint_as_float(~(unsigned)(key >> 32)); }

inline bool suppressed(const unsigned* masks, int words, int mask, int token) {
  return mask >= 0 && (masks[(long long)mask * words + token / 32] >> (token % 32) & 1u) != 0;
}

/** exp(z - max), or 0 for what is suppressed or cut off. */
inline float weight(const float* logits, int token, const Settings& settings, const RowState& state,
                    const unsigned* masks, int words) {
  if (suppressed(masks, words, settings.mask, token)) {
    return 0.0f;
  }
  float value = expExact(logits[token] * settings.inverse - state.drawMax);
  return keyOf(value, token) <= state.cut ? value : 0.0f;
}

/** Sums of each row's blocks of 4096, by half a warp each. */
extern "C" __global__ void samplingBlocks(const float* logits, int rows, int vocabulary, const int* settings,
                                          double* sums, double* weighted, float* maxes) {
  int blocks = (vocabulary + SOFTMAX_BLOCK - 1) / SOFTMAX_BLOCK;
  long long unit = ((long long)blockIdx.x * blockDim.x + threadIdx.x) / SOFTMAX_LANES;
  bool there = unit < (long long)rows * blocks;
  int row = there ? unit / blocks : 0;
  int from = there ? unit % blocks * SOFTMAX_BLOCK : 0;
  int count = vocabulary - from < SOFTMAX_BLOCK ? vocabulary - from : SOFTMAX_BLOCK;
  BlockSums own = sumBlock(logits + (long long)row * vocabulary + from, there ? count : 0,
                           readSettings(settings, row).inverse, 0.0f);
  if (there && threadIdx.x % SOFTMAX_LANES == 0) {
    sums[unit] = own.sum;
    weighted[unit] = own.weighted;
    maxes[unit] = own.max;
  }
}

/** Each row's log-softmax from its blocks in order, by a thread. */
extern "C" __global__ void samplingRows(int rows, int vocabulary, const double* sums, const double* weighted,
                                        const float* maxes, RowState* states) {
  int row = blockIdx.x * blockDim.x + threadIdx.x;
  if (row >= rows) {
    return;
  }
  int blocks = (vocabulary + SOFTMAX_BLOCK - 1) / SOFTMAX_BLOCK;
  LogSoftmax softmax = startLogSoftmax();
  for (int block = 0; block < blocks; block++) {
    long long slot = (long long)row * blocks + block;
    softmax.add(BlockSums{sums[slot], weighted[slot], maxes[slot]});
  }
  float logSum = softmax.logSum();
  int status = isFinite(softmax.max + logSum) ? FINE : NOT_FINITE;
  states[row] = RowState{~0ull, softmax.max, logSum, softmax.max, status};
}

/** Where a row suppresses tokens: a bit for each of them, and the largest z of the others, by a block. */
extern "C" __global__ void samplingSuppress(const float* logits, int vocabulary, const int* settings,
                                            const int* tokens, unsigned* masks, RowState* states) {
  int row = blockIdx.x;
  Settings own = readSettings(settings, row);
  if (own.mask < 0) {
    return;
  }
  int words = (vocabulary + 31) / 32;
  unsigned* mask = masks + (long long)own.mask * words;
  for (int word = threadIdx.x; word < words; word += blockDim.x) {
    mask[word] = 0;
  }
  __syncthreads();
  for (int i = own.fromSuppressed + threadIdx.x; i < own.toSuppressed; i += blockDim.x) {
    unsigned bit = 1u << (tokens[i] % 32);
    unsigned* word = mask + tokens[i] / 32;
    unsigned before = 0;
    for (unsigned expected = ~before; expected != before;) {
      expected = before;
      before = atomicCAS(word, expected, expected | bit);
    }
  }
  __syncthreads();
  float max = -infinity();
  for (int token = threadIdx.x; token < vocabulary; token += blockDim.x) {
    if (!suppressed(masks, words, own.mask, token)) {
      max = larger(max, logits[(long long)row * vocabulary + token] * own.inverse);
    }
  }
  max = warpMax(max);
  __shared__ float maxes[32];
  if (threadIdx.x % 32 == 0) {
    maxes[threadIdx.x / 32] = max;
  }
  __syncthreads();
  if (threadIdx.x == 0) {
    for (int warp = 1; warp < (int)blockDim.x / 32; warp++) {
      max = larger(max, maxes[warp]);
    }
    states[row].drawMax = max;
    if (max == -infinity() && states[row].status == FINE) {
      states[row].status = ALL_SUPPRESSED;
    }
  }
}

/**
 * Sums of the weights of each row's blocks of 1024 in double, four interleaved ones of four lanes
 * each; with filtered only of the rows that filter.
 */
extern "C" __global__ void samplingSums(const float* logits, int rows, int vocabulary, const int* settings,
                                        const unsigned* masks, const RowState* states, int filtered,
                                        double* blockSums) {
  int blocks = (vocabulary + WEIGHT_BLOCK - 1) / WEIGHT_BLOCK;
  long long unit = ((long long)blockIdx.x * blockDim.x + threadIdx.x) / 4;
  bool there = unit < (long long)rows * blocks;
  int row = there ? unit / blocks : 0;
  Settings own = readSettings(settings, row);
  RowState state = states[row];
  there = there && state.status == FINE && own.greedy == 0 && (filtered == 0 || own.filters());
  double sum = 0;
  int lane = threadIdx.x % 4;
  if (there) {
    int words = (vocabulary + 31) / 32;
    const float* at = logits + (long long)row * vocabulary;
    int from = unit % blocks * WEIGHT_BLOCK;
    int to = vocabulary - from < WEIGHT_BLOCK ? vocabulary : from + WEIGHT_BLOCK;
    int whole = to - (to - from) % 4;
    for (int token = from + lane; token < whole; token += 4) {
      sum += weight(at, token, own, state, masks, words);
    }
    for (int token = whole; lane == 0 && token < to; token++) {
      sum += weight(at, token, own, state, masks, words);
    }
  }
  // (a + b) + (c + d).
  sum += __shfl_xor_sync(numbers::WARP, sum, 1);
  sum += __shfl_xor_sync(numbers::WARP, sum, 2);
  if (there && lane == 0) {
    blockSums[unit] = sum;
  }
}

/** The sum of a row's block sums in order. */
inline double totalOf(const double* blockSums, int blocks) {
  double total = 0;
  for (int block = 0; block < blocks; block++) {
    total += blockSums[block];
  }
  return total;
}

/**
 * Compares and exchanges pairs of keys that are apart, of a bitonic sort's sequences of a size; the
 * first key stands at an offset in the whole.
 */
inline void exchange(unsigned long long* keys, int count, int offset, int size, int apart) {
  for (int i = threadIdx.x; i < count / 2; i += blockDim.x) {
    int low = 2 * i - (i & (apart - 1));
    unsigned long long a = keys[low];
    unsigned long long b = keys[low + apart];
    bool rising = ((offset + low) & size) == 0;
    if ((a > b) == rising) {
      keys[low] = b;
      keys[low + apart] = a;
    }
  }
  __syncthreads();
}

/** Exchanges within pieces in shared memory, for all sizes from one to another. */
inline void exchangePieces(unsigned long long* keys, int count, int piece, int fromSize, int toSize,
                           unsigned long long* shared) {
  for (int offset = 0; offset < count; offset += piece) {
    for (int i = threadIdx.x; i < piece; i += blockDim.x) {
      shared[i] = keys[offset + i];
    }
    __syncthreads();
    for (int size = fromSize; size <= toSize; size *= 2) {
      for (int apart = (size < piece ? size : piece) / 2; apart > 0; apart /= 2) {
        exchange(shared, piece, offset, size, apart);
      }
    }
    for (int i = threadIdx.x; i < piece; i += blockDim.x) {
      keys[offset + i] = shared[i];
    }
    __syncthreads();
  }
}

/** Sorts keys, a power of two of them, by a block: Batcher's bitonic sort. */
inline void sort(unsigned long long* keys, int count, unsigned long long* shared) {
  int piece = count < SORTED ? count : SORTED;
  exchangePieces(keys, count, piece, 2, piece, shared);
  for (int size = 2 * piece; size <= count; size *= 2) {
    for (int apart = size / 2; apart >= piece; apart /= 2) {
      exchange(keys, count, 0, size, apart);
    }
    exchangePieces(keys, count, piece, size, size, shared);
  }
}

/**
 * Where the tokens in the order of their keys are cut off, by a block for a row of list. Each of top-k,
 * top-p and min-p keeps a prefix of them, so the shortest decides. Only what can be in it is sorted: a
 * histogram over the weights' leading bits finds it.
 */
extern "C" __global__ void samplingFilter(const float* logits, int vocabulary, const int* list, const int* settings,
                                          const unsigned* masks, const double* blockSums, RowState* states,
                                          unsigned long long* scratch, long long scratchKeys) {
  int row = list[blockIdx.x];
  Settings own = readSettings(settings, row);
  RowState state = states[row];
  if (state.status != FINE) {
    return;
  }
  __shared__ int counts[BUCKETS];
  __shared__ unsigned long long sorted[SORTED];
  __shared__ double enough;
  __shared__ int leastBucket;
  __shared__ int candidates;
  const float* at = logits + (long long)row * vocabulary;
  int words = (vocabulary + 31) / 32;
  int blocks = (vocabulary + WEIGHT_BLOCK - 1) / WEIGHT_BLOCK;
  int most = own.topK == 0 ? 0x7fffffff : own.topK;
  bool nested = own.topK > 0 && own.topP < 1.0f;
  if (own.topK == 0 && own.topP >= 1.0f) {
    // All threads have read the state.
    __syncthreads();
    if (threadIdx.x == 0) {
      states[row].cut = keyOf(own.minP, -1);
    }
    return;
  }
  for (int bucket = threadIdx.x; bucket < BUCKETS; bucket += blockDim.x) {
    counts[bucket] = 0;
  }
  if (threadIdx.x == 0) {
    candidates = 0;
    double total = totalOf(blockSums + (long long)row * blocks, blocks);
    // Top-p's share is one of what top-k leaves: with both, it is known when that is sorted.
    enough = own.topP < 1.0f && !nested ? own.topP * total : static_cast<double>(infinity());
  }
  __syncthreads();
  for (int token = threadIdx.x; token < vocabulary; token += blockDim.x) {
    float value = weight(at, token, own, state, masks, words);
    atomicAdd(counts + (__float_as_uint(value) >> BUCKET_SHIFT), 1);
  }
  __syncthreads();
  if (threadIdx.x == 0) {
    // A bucket's weights are at least its lowest.
    leastBucket = 0;
    long long count = 0;
    double sum = 0;
    for (int bucket = BUCKETS - 1; bucket > 0 && leastBucket == 0; bucket--) {
      count += counts[bucket];
      sum += counts[bucket] * static_cast<double>(__uint_as_float((unsigned)bucket << BUCKET_SHIFT));
      if (count >= most || sum >= enough * SLACK) {
        leastBucket = bucket;
      }
    }
  }
  __syncthreads();
  unsigned long long* keys = scratch + scratchKeys * blockIdx.x;
  for (int token = threadIdx.x; token < vocabulary; token += blockDim.x) {
    float value = weight(at, token, own, state, masks, words);
    if ((int)(__float_as_uint(value) >> BUCKET_SHIFT) >= leastBucket && (nested || value >= own.minP) && value > 0.0f) {
      keys[atomicAdd(&candidates, 1)] = keyOf(value, token);
    }
  }
  __syncthreads();
  int padded = 2;
  while (padded < candidates) {
    padded *= 2;
  }
  for (int i = candidates + threadIdx.x; i < padded; i += blockDim.x) {
    keys[i] = ~0ull;
  }
  __syncthreads();
  sort(keys, padded, sorted);
  __shared__ double keptSum;
  __shared__ bool done;
  if (threadIdx.x == 0) {
    keptSum = 0;
    done = false;
    if (nested) {
      double left = 0;
      for (int i = 0; i < candidates && i < most; i++) {
        left += weightOf(keys[i]);
      }
      enough = own.topP * left;
    }
  }
  __syncthreads();
  for (int from = 0; from < candidates; from += SORTED) {
    int to = candidates - from < SORTED ? candidates : from + SORTED;
    for (int i = from + threadIdx.x; i < to; i += blockDim.x) {
      sorted[i - from] = keys[i];
    }
    __syncthreads();
    if (threadIdx.x == 0) {
      double sum = keptSum;
      int i = from;
      while (i < to && i < most && sum < enough && weightOf(sorted[i - from]) >= own.minP) {
        sum += weightOf(sorted[i++ - from]);
      }
      keptSum = sum;
      done = i < to;
      if (i > from) {
        states[row].cut = sorted[i - 1 - from];
      }
    }
    __syncthreads();
    if (done) {
      break;
    }
  }
}

/** Computes a block's weights into shared memory. */
inline void stageWeights(float* values, const float* at, int from, int to, const Settings& own, const RowState& state,
                         const unsigned* masks, int words) {
  __syncthreads();
  for (int token = from + threadIdx.x; token < to; token += blockDim.x) {
    values[token - from] = weight(at, token, own, state, masks, words);
  }
  __syncthreads();
}

/** Each row's token and its logprob, by a block: results are {token, logprob's bits, status}. */
extern "C" __global__ void samplingChoose(const float* logits, int vocabulary, const int* settings,
                                          const double* uniforms, const unsigned* masks, const double* allBlockSums,
                                          const float* allMaxes, const RowState* states, int* results) {
  int row = blockIdx.x;
  Settings own = readSettings(settings, row);
  RowState state = states[row];
  if (state.status != FINE) {
    if (threadIdx.x == 0) {
      // A token all the same: the next step may be queued already.
      results[3 * row] = 0;
      results[3 * row + 2] = state.status;
    }
    return;
  }
  __shared__ float values[WEIGHT_BLOCK];
  __shared__ int firsts[32];
  __shared__ int chosen;
  __shared__ int firstBlock;
  const float* at = logits + (long long)row * vocabulary;
  int words = (vocabulary + 31) / 32;
  double threshold = 0;
  double cumulative = 0;
  int blockSize = own.greedy != 0 ? SOFTMAX_BLOCK : WEIGHT_BLOCK;
  int blocks = (vocabulary + blockSize - 1) / blockSize;
  if (threadIdx.x == 0) {
    chosen = -1;
    int block = 0;
    if (own.greedy != 0) {
      const float* maxes = allMaxes + (long long)row * blocks;
      while (own.mask < 0 && maxes[block] != state.drawMax) {
        block++;
      }
    } else {
      const double* blockSums = allBlockSums + (long long)row * blocks;
      threshold = uniforms[row] * totalOf(blockSums, blocks);
      while (block < blocks - 1 && cumulative + blockSums[block] <= threshold) {
        cumulative += blockSums[block++];
      }
    }
    firstBlock = block;
  }
  __syncthreads();
  for (int block = firstBlock; block < blocks; block++) {
    int from = block * blockSize;
    int to = vocabulary - from < blockSize ? vocabulary : from + blockSize;
    if (own.greedy != 0) {
      // The first of the likeliest, where z is the logit.
      int first = vocabulary;
      for (int token = from + threadIdx.x; token < to && first == vocabulary; token += blockDim.x) {
        if (at[token] == state.drawMax && !suppressed(masks, words, own.mask, token)) {
          first = token;
        }
      }
      for (int apart = 16; apart > 0; apart /= 2) {
        int other = __shfl_xor_sync(numbers::WARP, first, apart);
        first = other < first ? other : first;
      }
      if (threadIdx.x % 32 == 0) {
        firsts[threadIdx.x / 32] = first;
      }
      __syncthreads();
      if (threadIdx.x == 0) {
        for (int warp = 1; warp < (int)blockDim.x / 32; warp++) {
          first = firsts[warp] < first ? firsts[warp] : first;
        }
        chosen = first < vocabulary ? first : -1;
      }
    } else {
      // The first token whose cumulative weight exceeds the threshold.
      stageWeights(values, at, from, to, own, state, masks, words);
      for (int token = from; threadIdx.x == 0 && token < to && chosen < 0; token++) {
        cumulative += values[token - from];
        chosen = values[token - from] > 0.0f && cumulative > threshold ? token : -1;
      }
    }
    __syncthreads();
    if (chosen >= 0) {
      break;
    }
  }
  // Rounding may ask for the last one that can be drawn.
  for (int block = blocks - 1; block >= 0 && chosen < 0; block--) {
    int from = block * blockSize;
    int to = vocabulary - from < blockSize ? vocabulary : from + blockSize;
    stageWeights(values, at, from, to, own, state, masks, words);
    for (int token = to - 1; threadIdx.x == 0 && token >= from && chosen < 0; token--) {
      chosen = values[token - from] > 0.0f ? token : -1;
    }
    __syncthreads();
  }
  if (threadIdx.x == 0) {
    results[3 * row] = chosen;
    results[3 * row + 1] = __float_as_uint(at[chosen] * own.inverse - state.max - state.logSum);
    results[3 * row + 2] = FINE;
  }
}

/** Ids as they were given, where −1 − r stands for the token that row r of the results drew. */
extern "C" __global__ void drawnIds(const int* given, int count, const int* results, int* ids) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) {
    ids[i] = given[i] < 0 ? results[3 * (-1 - given[i])] : given[i];
  }
}
