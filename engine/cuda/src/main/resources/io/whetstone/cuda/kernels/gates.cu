// Gated activations: y = gate(x[:, :n]) x[:, n:]. Both gates are x s(w(x)) with the logistic
// function s: w = x for SiLU, w = 2 sqrt(2/pi) (x + 0.044715 x^3) for GELU's tanh form, since
// (1 + tanh z) / 2 = s(2z). So their slope is s + x s (1 - s) w'.
#include "numbers.h"
#include "vectors.h"

namespace {
constexpr double TWICE_ROOT = 2 * 0.7978845608028654;  // 2 sqrt(2 / pi)
constexpr float LINEAR = static_cast<float>(TWICE_ROOT);
constexpr float CUBIC = static_cast<float>(TWICE_ROOT * 0.044715);
constexpr float CUBIC_SLOPE = static_cast<float>(3 * TWICE_ROOT * 0.044715);

struct Silu {
  static float inner(float x) { return x; }
  static float innerSlope(float rest, float) { return rest; }
};

struct GeluTanh {
  static float inner(float x) { return x * fmaf(x * x, CUBIC, LINEAR); }
  static float innerSlope(float rest, float x) { return rest * fmaf(x * x, CUBIC_SLOPE, LINEAR); }
};
}  // namespace

template <typename Gate, typename T>
inline void gated(const T* x, T* y, int rows, int n, int whole, int shift) {
  constexpr int W = widthOf<T>();
  int r = rowOf(shift);
  int c = vectorOf(shift) * W;
  if (r >= rows || c >= n) {
    return;
  }
  const T* row = x + 2LL * n * r + c;
  Values<W> gate = load<W>(row, n - c, whole);
  Values<W> up = load<W>(row + n, n - c, whole);
  for (int k = 0; k < W; k++) {
    float g = gate.at[k];
    up.at[k] = g * sigmoidExact(Gate::inner(g)) * up.at[k];
  }
  store(y + static_cast<long long>(n) * r + c, up, n - c, whole);
}

template <typename Gate, typename T>
inline void gatedBackward(const T* dy, const T* x, T* dx, int rows, int n, int whole, int shift) {
  constexpr int W = widthOf<T>();
  int r = rowOf(shift);
  int c = vectorOf(shift) * W;
  if (r >= rows || c >= n) {
    return;
  }
  const T* row = x + 2LL * n * r + c;
  T* dRow = dx + 2LL * n * r + c;
  Values<W> gate = load<W>(row, n - c, whole);
  Values<W> up = load<W>(row + n, n - c, whole);
  Values<W> d = load<W>(dy + static_cast<long long>(n) * r + c, n - c, whole);
  for (int k = 0; k < W; k++) {
    float g = gate.at[k];
    float s = sigmoidExact(Gate::inner(g));
    float slope = fmaf(g * s, Gate::innerSlope(1.0f - s, g), s);
    gate.at[k] = d.at[k] * up.at[k] * slope;
    up.at[k] = d.at[k] * (g * s);
  }
  store(dRow, gate, n - c, whole);
  store(dRow + n, up, n - c, whole);
}

#define GATE(NAME, TYPE_NAME, GATE_TYPE, TYPE)                                          \
  extern "C" __global__ void NAME##TYPE_NAME(const TYPE* x, TYPE* y, int rows, int n,   \
                                             int whole, int shift) {                    \
    gated<GATE_TYPE>(x, y, rows, n, whole, shift);                                      \
  }                                                                                     \
  extern "C" __global__ void NAME##Backward##TYPE_NAME(                                 \
      const TYPE* dy, const TYPE* x, TYPE* dx, int rows, int n, int whole, int shift) { \
    gatedBackward<GATE_TYPE>(dy, x, dx, rows, n, whole, shift);                         \
  }

GATE(silu, F32, Silu, float)
GATE(silu, Bf16, Silu, bf16)
GATE(geluTanh, F32, GeluTanh, float)
GATE(geluTanh, Bf16, GeluTanh, bf16)
