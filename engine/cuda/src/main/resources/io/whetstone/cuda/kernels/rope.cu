// Rotary position embedding in the half-split form, in place: of each head that is rotated, (a, b) =
// (x[i], x[i + size/2]) becomes (a cos - b sin, b cos + a sin).
#include "numbers.h"
#include "vectors.h"

// table: [positions, size], cosines then sines; sign: -1 rotates back.
template <typename T>
inline void rope(T* fused, int rows, int columns, int heads, int size, const int* positions,
                 const float* table, float sign, int whole, int shift) {
  constexpr int W = widthOf<T>();
  int half = size / 2;
  int vectors = (half + W - 1) / W;
  int r = rowOf(shift);
  int v = vectorOf(shift);
  int head = v / vectors;
  if (r >= rows || head >= heads) {
    return;
  }
  int i = (v - head * vectors) * W;
  int count = half - i;
  const float* angles = table + static_cast<long long>(size) * positions[r] + i;
  T* first = fused + static_cast<long long>(columns) * r + head * size + i;
  Values<W> cosine = load<W>(angles, count, whole);
  Values<W> sine = load<W>(angles + half, count, whole);
  Values<W> a = load<W>(first, count, whole);
  Values<W> b = load<W>(first + half, count, whole);
  for (int k = 0; k < W; k++) {
    float s = sine.at[k] * sign;
    float rotated = a.at[k] * cosine.at[k] - b.at[k] * s;
    b.at[k] = b.at[k] * cosine.at[k] + a.at[k] * s;
    a.at[k] = rotated;
  }
  store(first, a, count, whole);
  store(first + half, b, count, whole);
}

extern "C" __global__ void ropeF32(float* fused, int rows, int columns, int heads, int size,
                                   const int* positions, const float* table, float sign, int whole,
                                   int shift) {
  rope(fused, rows, columns, heads, size, positions, table, sign, whole, shift);
}

extern "C" __global__ void ropeBf16(bf16* fused, int rows, int columns, int heads, int size,
                                    const int* positions, const float* table, float sign,
                                    int whole, int shift) {
  rope(fused, rows, columns, heads, size, positions, table, sign, whole, shift);
}
