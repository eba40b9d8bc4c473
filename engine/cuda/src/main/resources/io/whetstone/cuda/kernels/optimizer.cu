// AdamW: one pass over weights, gradients and both moments, which are F32 or blocks of 8-bit codes.
#include "numbers.h"
#include "vectors.h"

// What a step has the same for all elements.
struct Step {
  float gradientScale, beta1, beta2, rest1, rest2, unbias1, unbias2, epsilon, rate, kept;
};

// g = gradientScale gradient; m = beta1 m + rest1 g; v = beta2 v + rest2 g^2;
// w = kept w - rate (unbias1 m) / (sqrt(unbias2 v) + epsilon), each operation rounded by itself.
inline void update(const Step& step, float gradient, float& w, float& m, float& v) {
  float scaled = gradient * step.gradientScale;
  m = m * step.beta1 + scaled * step.rest1;
  v = v * step.beta2 + scaled * scaled * step.rest2;
  float root = sqrtf(v * step.unbias2) + step.epsilon;
  w = w * step.kept - m * step.unbias1 / root * step.rate;
}

extern "C" __global__ void adamW(float* weight, const float* gradient, float* m, float* v,
                                 long long size, int whole, float gradientScale, float beta1,
                                 float beta2, float rest1, float rest2, float unbias1,
                                 float unbias2, float epsilon, float rate, float kept) {
  Step step = {gradientScale, beta1,   beta2,   rest1, rest2,
               unbias1,       unbias2, epsilon, rate,  kept};
  for (long long i = firstItem() * 4; i < size; i += itemStride() * 4) {
    int count = left(size, i);
    Values<4> w = load<4>(weight + i, count, whole);
    Values<4> g = load<4>(gradient + i, count, whole);
    Values<4> first = load<4>(m + i, count, whole);
    Values<4> second = load<4>(v + i, count, whole);
    for (int k = 0; k < 4; k++) {
      update(step, g.at[k], w.at[k], first.at[k], second.at[k]);
    }
    store(weight + i, w, count, whole);
    store(m + i, first, count, whole);
    store(v + i, second, count, whole);
  }
}

// Blocks of DYNAMIC and UDYNAMIC: a float that is their scale, then a code a byte.
namespace dynamic {
constexpr int CODES = 256;
constexpr int WORDS = 1 + CODES / 4;

// What codes stand for, and the largest number that has each.
struct Map {
  float values[CODES];
  float thresholds[CODES];
};

inline Values<4> decode(const Map& map, float scale, unsigned codes) {
  Values<4> x;
  for (int k = 0; k < 4; k++) {
    x.at[k] = map.values[(codes >> 8 * k) & 255] * scale;
  }
  return x;
}

// As many thresholds as lie below x.
inline unsigned code(const Map& map, float x) {
  unsigned code = 0;
  for (unsigned half = CODES / 2; half > 0; half /= 2) {
    code += x > map.thresholds[code + half - 1] ? half : 0;
  }
  return code;
}

inline unsigned encode(const Map& map, float divisor, const Values<4>& x) {
  unsigned codes = 0;
  for (int k = 0; k < 4; k++) {
    codes |= code(map, x.at[k] / divisor) << 8 * k;
  }
  return codes;
}

// By a whole warp, whose lanes have two vectors of a block each.
inline void encode(const Map& map, const Values<4> (&x)[2], unsigned* block, int lane) {
  float scale = 0;
  for (int part = 0; part < 2; part++) {
    for (int k = 0; k < 4; k++) {
      scale = larger(scale, fabsf(x[part].at[k]));
    }
  }
  scale = warpMax(scale);
  __syncwarp();  // all lanes have read the block
  float divisor = scale == 0 ? 1 : scale;
  if (lane == 0) {
    block[0] = __float_as_uint(scale);
  }
  for (int part = 0; part < 2; part++) {
    block[1 + 32 * part + lane] = encode(map, divisor, x[part]);
  }
}
}  // namespace dynamic

// A warp takes a block of 256 numbers; maps are those of m and of v.
extern "C" __global__ void adamWInBlocks(float* weight, const float* gradient, unsigned* m,
                                         unsigned* v, const float* maps, long long size, int whole,
                                         float gradientScale, float beta1, float beta2, float rest1,
                                         float rest2, float unbias1, float unbias2, float epsilon,
                                         float rate, float kept) {
  Step step = {gradientScale, beta1,   beta2,   rest1, rest2,
               unbias1,       unbias2, epsilon, rate,  kept};
  __shared__ dynamic::Map shared[2];
  for (int i = threadIdx.x; i < 2 * dynamic::CODES; i += blockDim.x) {
    dynamic::Map& map = shared[i / dynamic::CODES];
    map.values[i % dynamic::CODES] = maps[i];
    map.thresholds[i % dynamic::CODES] = maps[2 * dynamic::CODES + i];
  }
  __syncthreads();
  int lane = threadIdx.x % 32;
  for (long long b = firstItem() / 32; b * dynamic::CODES < size; b += itemStride() / 32) {
    unsigned* mBlock = m + b * dynamic::WORDS;
    unsigned* vBlock = v + b * dynamic::WORDS;
    float mScale = __uint_as_float(mBlock[0]);
    float vScale = __uint_as_float(vBlock[0]);
    Values<4> first[2];
    Values<4> second[2];
    for (int part = 0; part < 2; part++) {
      int word = 32 * part + lane;
      long long i = b * dynamic::CODES + 4 * word;
      int count = left(size, i);
      Values<4> w = load<4>(weight + i, count, whole);
      Values<4> g = load<4>(gradient + i, count, whole);
      first[part] = dynamic::decode(shared[0], mScale, mBlock[1 + word]);
      second[part] = dynamic::decode(shared[1], vScale, vBlock[1 + word]);
      for (int k = 0; k < 4; k++) {
        update(step, g.at[k], w.at[k], first[part].at[k], second[part].at[k]);
      }
      store(weight + i, w, count, whole);
    }
    dynamic::encode(shared[0], first, mBlock, lane);
    dynamic::encode(shared[1], second, vBlock, lane);
  }
}
