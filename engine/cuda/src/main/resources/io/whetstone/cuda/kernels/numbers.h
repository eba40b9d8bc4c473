// exp, log, tanh and sums whose bits are those of io.whetstone.cpu.VectorMath.
//
// Everything is made of correctly rounded +, *, /, fmaf, comparisons and integer operations, in one
// written order. Modules are compiled without contraction, so a fused operation is one that is
// written as fmaf. Sums over a warp and over a block are trees whose shape depends on the number of
// threads only.
#pragma once

#include "device.h"

namespace numbers {
// ln 2 in two parts; the first has 15 bits, so its product with an exponent is exact.
constexpr float LN2_HIGH = 0x1.62e4p-1f;
constexpr float LN2_LOW = 0x1.7f7d1cp-20f;
constexpr float LOG2_E = 0x1.715476p0f;
// Adding 1.5 * 2^23 rounds to an integer, which then stands in the low bits of the sum.
constexpr float ROUNDER = 0x1.8p23f;
// Below, exp gives 0.
constexpr float EXP_MIN = -86.64f;
// ln of the largest float; above, exp gives infinity.
constexpr float EXP_MAX = 0x1.62e42ep6f;
// Twice an argument beyond which tanh rounds to 1 or -1.
constexpr float TANH_MAX = 20.0f;
// exp r = 1 + r + r^2 (E0 + E1 r + ... + E4 r^4) for |r| <= ln 2 / 2.
constexpr float E0 = 0x1.fffffcp-2f;
constexpr float E1 = 0x1.555492p-3f;
constexpr float E2 = 0x1.5558f2p-5f;
constexpr float E3 = 0x1.123a2p-7f;
constexpr float E4 = 0x1.6a23dp-10f;
// log(1 + f) = 2 (s + s^3/3 + s^5/5 + ...) with s = f / (2 + f).
constexpr float L1 = 2.0f / 3;
constexpr float L2 = 2.0f / 5;
constexpr float L3 = 2.0f / 7;
constexpr float L4 = 2.0f / 9;
// Bits of 1/2, 1, infinity, a quiet NaN and the root of 1/2: mantissas are taken from [root, 2 root).
constexpr unsigned HALF = 0x3f000000u;
constexpr unsigned ONE = 0x3f800000u;
constexpr unsigned INFINITE = 0x7f800000u;
constexpr unsigned NOT_A_NUMBER = 0x7fc00000u;
constexpr unsigned SQRT_HALF = 0x3f3504f3u;
constexpr float SMALLEST_NORMAL = 0x1p-126f;
constexpr unsigned WARP = 0xffffffffu;

// e^r - 1 with r = x - n ln 2; n stands in the low bits of shifted.
inline float expLessOne(float x, float& shifted) {
  shifted = fmaf(x, LOG2_E, ROUNDER);
  float n = shifted - ROUNDER;
  float r = fmaf(n, -LN2_LOW, fmaf(n, -LN2_HIGH, x));
  float p = fmaf(E4, r, E3);
  p = fmaf(p, r, E2);
  p = fmaf(p, r, E1);
  p = fmaf(p, r, E0);
  return fmaf(p, r * r, r);
}

// 2^n as the float with these bits, times 2^(exponent of base).
inline float power(float shifted, unsigned base) {
  return __uint_as_float((__float_as_uint(shifted) << 23) + base);
}
}  // namespace numbers

inline float notANumber() { return __uint_as_float(numbers::NOT_A_NUMBER); }

// False for infinities and NaN.
inline bool isFinite(float x) {
  return (__float_as_uint(x) & numbers::INFINITE) != numbers::INFINITE;
}

// e^x within 1.01 ulp, but 0 where x < -86.64; e^-inf = 0, e^inf = inf, NaN stays.
inline float expExact(float x) {
  float shifted;
  float p = numbers::expLessOne(x, shifted) + 1.0f;
  // 2^n as twice 2^(n-1), since 2^128 is no float.
  float half = p * numbers::power(shifted, numbers::HALF);
  float value = half + half;
  value = x < numbers::EXP_MIN ? 0.0f : value;
  return x > numbers::EXP_MAX ? infinity() : value;
}

// expExact of what is at most about 0, but never below e^-86.64, for softmax.
inline float expOfNegative(float x) {
  float y = x < numbers::EXP_MIN ? numbers::EXP_MIN : x;
  float shifted;
  float p = numbers::expLessOne(y, shifted) + 1.0f;
  return p * numbers::power(shifted, numbers::ONE);
}

// tanh x within 3 ulp: (e^y - 1) / (e^y + 1) with y = 2x.
inline float tanhExact(float x) {
  float y = x + x;
  y = y > numbers::TANH_MAX ? numbers::TANH_MAX : y;
  y = y < -numbers::TANH_MAX ? -numbers::TANH_MAX : y;
  float shifted;
  float p = numbers::expLessOne(y, shifted);
  float power = numbers::power(shifted, numbers::ONE);
  float less = fmaf(power, p, power - 1.0f);
  return less / (less + 2.0f);
}

// 1 / (1 + e^-x).
inline float sigmoidExact(float x) { return 1.0f / (expExact(-x) + 1.0f); }

// ln x within 1 ulp, subnormals included; ln 0 = -inf, ln inf = inf, NaN for x < 0.
inline float logExact(float x) {
  bool tiny = x < numbers::SMALLEST_NORMAL;
  unsigned bits = __float_as_uint(tiny ? x * 0x1p23f : x);
  int exponent = static_cast<int>(bits - numbers::SQRT_HALF) >> 23;
  float f = __uint_as_float(bits - (static_cast<unsigned>(exponent) << 23)) - 1.0f;
  float k = static_cast<float>(tiny ? exponent - 23 : exponent);
  float s = f / (f + 2.0f);
  float z = s * s;
  float p = fmaf(numbers::L4, z, numbers::L3);
  p = fmaf(p, z, numbers::L2);
  p = fmaf(p, z, numbers::L1);
  p = p * z;
  // log(1 + f) = f - (f^2/2 - s (f^2/2 + p)), which keeps f's bits where f is small.
  float square = f * f * 0.5f;
  float low = fmaf(k, numbers::LN2_LOW, s * (square + p));
  float value = fmaf(k, numbers::LN2_HIGH, f - (square - low));
  value = x == 0.0f ? -infinity() : value;
  value = x < 0.0f ? notANumber() : value;
  return x < infinity() ? value : x;
}

// The larger of two; a NaN is larger than all.
inline float larger(float a, float b) { return a > b || a != a ? a : b; }

// Sums and maxima over the 32 lanes of a warp; every lane gets the same bits. The lanes 16 apart
// are added first, then 8, 4, 2 and 1.
inline float warpSum(float value) {
  for (int apart = 16; apart > 0; apart /= 2) {
    value += __shfl_xor_sync(numbers::WARP, value, apart);
  }
  return value;
}

inline double warpSum(double value) {
  for (int apart = 16; apart > 0; apart /= 2) {
    value += __shfl_xor_sync(numbers::WARP, value, apart);
  }
  return value;
}

inline float warpMax(float value) {
  for (int apart = 16; apart > 0; apart /= 2) {
    value = larger(value, __shfl_xor_sync(numbers::WARP, value, apart));
  }
  return value;
}

// The same over a block of THREADS threads, a multiple of 64 and at most 1024, in one dimension:
// each warp first, then the warps' results as a warp, with zeros (or the first result) where there
// is no warp. All threads must call; all get the result. The shared memory is free again when the
// call returns for the last thread, so calls may follow each other.
template <int THREADS, typename T>
inline T blockSumOf(T value) {
  value = warpSum(value);
  __shared__ T warps[32];
  __syncthreads();
  if (threadIdx.x % 32 == 0) {
    warps[threadIdx.x / 32] = value;
  }
  __syncthreads();
  int lane = threadIdx.x % 32;
  return warpSum(lane < THREADS / 32 ? warps[lane] : T(0));
}

template <int THREADS>
inline float blockSum(float value) {
  return blockSumOf<THREADS, float>(value);
}

template <int THREADS>
inline double blockSumDouble(double value) {
  return blockSumOf<THREADS, double>(value);
}

template <int THREADS>
inline float blockMax(float value) {
  value = warpMax(value);
  __shared__ float warps[32];
  __syncthreads();
  if (threadIdx.x % 32 == 0) {
    warps[threadIdx.x / 32] = value;
  }
  __syncthreads();
  int lane = threadIdx.x % 32;
  return warpMax(warps[lane < THREADS / 32 ? lane : 0]);
}
