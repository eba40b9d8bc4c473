// AdamW: one pass over weights, gradients and both moments.
#include "numbers.h"
#include "vectors.h"

// g = gradientScale gradient; m = beta1 m + rest1 g; v = beta2 v + rest2 g^2;
// w = kept w - rate (unbias1 m) / (sqrt(unbias2 v) + epsilon), each operation rounded by itself.
extern "C" __global__ void adamW(float* weight, const float* gradient, float* m, float* v,
                                 long long size, int whole, float gradientScale, float beta1,
                                 float beta2, float rest1, float rest2, float unbias1,
                                 float unbias2, float epsilon, float rate, float kept) {
  for (long long i = firstItem() * 4; i < size; i += itemStride() * 4) {
    int count = left(size, i);
    Values<4> w = load<4>(weight + i, count, whole);
    Values<4> g = load<4>(gradient + i, count, whole);
    Values<4> first = load<4>(m + i, count, whole);
    Values<4> second = load<4>(v + i, count, whole);
    for (int k = 0; k < 4; k++) {
      float scaled = g.at[k] * gradientScale;
      first.at[k] = first.at[k] * beta1 + scaled * rest1;
      second.at[k] = second.at[k] * beta2 + scaled * scaled * rest2;
      float root = sqrtf(second.at[k] * unbias2) + epsilon;
      w.at[k] = w.at[k] * kept - first.at[k] * unbias1 / root * rate;
    }
    store(weight + i, w, count, whole);
    store(m + i, first, count, whole);
    store(v + i, second, count, whole);
  }
}
