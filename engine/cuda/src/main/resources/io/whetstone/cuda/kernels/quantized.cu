// Rows of quantised blocks as F32 or BF16, with the numbers of tensor's BlockCodec: each product
// and difference is rounded by itself. A thread decodes eight numbers that follow each other.
#include "numbers.h"
#include "vectors.h"

// A binary16; exact, subnormals included.
inline float halfToFloat(unsigned bits) {
  unsigned sign = (bits & 0x8000u) << 16;
  unsigned rest = (bits & 0x7fffu) << 13;
  float magnitude = rest >= 0x0f800000u ? __uint_as_float(rest + 0x70000000u)
                                        : __uint_as_float(rest) * 0x1p112f;
  return __uint_as_float(__float_as_uint(magnitude) | sign);
}

// Blocks lie on even addresses.
inline unsigned halfWord(const unsigned char* from) {
  return *reinterpret_cast<const unsigned short*>(from);
}

inline void bytes(const unsigned char* from, unsigned (&to)[8]) {
  for (int i = 0; i < 4; i++) {
    unsigned pair = halfWord(from + 2 * i);
    to[2 * i] = pair & 0xffu;
    to[2 * i + 1] = pair >> 8;
  }
}

inline int asSigned(unsigned byte) { return static_cast<int>(byte ^ 0x80u) - 0x80; }

// 32 numbers d q: d, then 32 signed bytes.
struct Q8_0 {
  static constexpr int ELEMENTS = 32;
  static constexpr int BYTES = 34;

  static Values<8> decode(const unsigned char* block, int first) {
    float d = halfToFloat(halfWord(block));
    unsigned q[8];
    bytes(block + 2 + first, q);
    Values<8> x;
    for (int i = 0; i < 8; i++) {
      x.at[i] = static_cast<float>(asSigned(q[i])) * d;
    }
    return x;
  }
};

// 8 runs of 32 numbers d scale q - dmin min: d, dmin, 12 bytes of scales and minima of 6 bits, 128
// bytes of q: run 2j in the lower halves of 32 bytes, run 2j + 1 in their upper halves.
struct Q4_K {
  static constexpr int ELEMENTS = 256;
  static constexpr int BYTES = 144;

  static Values<8> decode(const unsigned char* block, int first) {
    int run = first / 32;
    const unsigned char* packed = block + 4;
    int scale;
    int min;
    if (run < 4) {
      scale = packed[run] & 63;
      min = packed[run + 4] & 63;
    } else {
      scale = (packed[run + 4] & 15) | (packed[run - 4] >> 6) << 4;
      min = packed[run + 4] >> 4 | (packed[run] >> 6) << 4;
    }
    float step = halfToFloat(halfWord(block)) * static_cast<float>(scale);
    float least = halfToFloat(halfWord(block + 2)) * static_cast<float>(min);
    unsigned q[8];
    bytes(block + 16 + 32 * (run / 2) + first % 32, q);
    int shift = run % 2 * 4;
    Values<8> x;
    for (int i = 0; i < 8; i++) {
      x.at[i] = step * static_cast<float>(q[i] >> shift & 15u) - least;
    }
    return x;
  }
};

// 16 runs of 16 numbers d scale (q - 32): 128 bytes of the lower four bits of q, 64 of the upper
// two, 16 signed scales, d.
struct Q6_K {
  static constexpr int ELEMENTS = 256;
  static constexpr int BYTES = 210;

  static Values<8> decode(const unsigned char* block, int first) {
    int half = first / 128;
    int lowShift = first % 128 / 64 * 4;
    int highShift = first % 128 / 32 * 2;
    float d = halfToFloat(halfWord(block + 208));
    float scale = d * static_cast<float>(asSigned(block[192 + first / 16]));
    unsigned low[8];
    unsigned high[8];
    bytes(block + half * 64 + first % 64, low);
    bytes(block + 128 + half * 32 + first % 32, high);
    Values<8> x;
    for (int i = 0; i < 8; i++) {
      unsigned q = (low[i] >> lowShift & 15u) | (high[i] >> highShift & 3u) << 4;
      x.at[i] = scale * static_cast<float>(static_cast<int>(q) - 32);
    }
    return x;
  }
};

// y[r] = the numbers of row picked[r], or of row firstRow + r where picked is null.
template <typename Block, typename T>
inline void decode(const unsigned char* blocks, int firstRow, const int* picked, T* y, int rows,
                   int columns, int whole, int shift) {
  int r = rowOf(shift);
  int c = vectorOf(shift) * 8;
  if (r >= rows || c >= columns) {
    return;
  }
  long long row = picked ? picked[r] : firstRow + static_cast<long long>(r);
  long long block = row * (columns / Block::ELEMENTS) + c / Block::ELEMENTS;
  Values<8> x = Block::decode(blocks + block * Block::BYTES, c % Block::ELEMENTS);
  store(y + static_cast<long long>(columns) * r + c, x, columns - c, whole);
}

#define DECODE(BLOCK, TYPE_NAME, TYPE)                                                       \
  extern "C" __global__ void decode##BLOCK##TYPE_NAME(                                       \
      const unsigned char* blocks, int firstRow, const int* picked, TYPE* y, int rows,       \
      int columns, int whole, int shift) {                                                   \
    decode<BLOCK>(blocks, firstRow, picked, y, rows, columns, whole, shift);                 \
  }

DECODE(Q8_0, F32, float)
DECODE(Q8_0, Bf16, bf16)
DECODE(Q4_K, F32, float)
DECODE(Q4_K, Bf16, bf16)
DECODE(Q6_K, F32, float)
DECODE(Q6_K, Bf16, bf16)
