package io.whetstone.cuda;

import static io.whetstone.cuda.AttentionItems.TILE;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Heads;

/**
 * The size of heads as kernels are compiled for it, rounded up to a multiple of 32, and what their
 * blocks are then: as in attend.h and attend_tensor.h.
 */
record HeadSize(int padded) {
  private static final int MULTIPLE = 32;
  private static final int LARGEST = 256;

  /** Above this, a block of tensor cores' takes half as much: vectors, keys, columns. */
  private static final int LARGEST_WHOLE = 128;

  /** Above this, gradients of keys take half as many query vectors at a time. */
  private static final int LARGEST_SEEN_BY_MORE = 192;

  /** Query vectors of a block that has few, and of a warp of tensor cores'. */
  static final int VECTORS = 16;

  /** Threads of a block, but where gradients of queries are made. */
  static final int THREADS = 128;

  static HeadSize of(Heads heads) {
    if (heads.size() > LARGEST) {
      throw new IllegalArgumentException(
          "heads of size %d: the cuda backend has attention for sizes up to %d"
              .formatted(heads.size(), LARGEST));
    }
    return new HeadSize(Math.ceilDiv(heads.size(), MULTIPLE) * MULTIPLE);
  }

  /** For the compiler. */
  String define() {
    return "HEAD=" + padded;
  }

  /** Query vectors of a block that has many. */
  int wideVectors(DType type) {
    if (type == DType.F32) {
      return VECTORS;
    }
    return padded > LARGEST_WHOLE ? 2 * VECTORS : 4 * VECTORS;
  }

  /** Shared memory of a block that has many. */
  int wideBytes(DType type) {
    if (type == DType.F32) {
      return plainBytes();
    }
    int keyStride = padded % 64 == 0 ? padded + 32 : padded;
    int valueStride = padded + 8;
    int vectors = wideVectors(type);
    int strides =
        padded > LARGEST_WHOLE ? Math.max(keyStride, valueStride) : keyStride + valueStride;
    int exchanged = padded > LARGEST_WHOLE ? vectors * TILE : 0;
    return 2 * (vectors * keyStride + TILE * strides) + 4 * (exchanged + vectors * padded);
  }

  /** Shared memory of a block that has few. */
  int narrowBytes(DType type) {
    int warps = AttentionItems.CHUNK / TILE;
    return type == DType.F32 ? plainBytes() : 4 * (warps * VECTORS * (padded + 4) + 4 * VECTORS);
  }

  private int plainBytes() {
    return 4 * (VECTORS * padded + TILE * (padded + 1) + VECTORS * TILE + 2 * VECTORS);
  }

  /** Threads of a block that makes gradients of queries: on tensor cores a warp for 16 of them. */
  int queryGradientThreads(DType type) {
    return type == DType.F32 ? THREADS : 2 * wideVectors(type);
  }

  /** Shared memory of a block that makes gradients of queries: {@link #wideVectors} of them. */
  int queryGradientBytes(DType type) {
    int tile = padded > LARGEST_WHOLE ? TILE / 2 : TILE;
    return type == DType.F32
        ? 4 * (2 * VECTORS * padded + 2 * tile * (padded + 1) + VECTORS * tile)
        : 2 * (padded + 8) * (2 * wideVectors(type) + 2 * tile);
  }

  /** Keys of a block that makes their gradients. */
  int gradientKeys(DType type) {
    return type == DType.F32 ? 32 : 64;
  }

  /** Blocks that share the columns of these keys. */
  int gradientParts(DType type) {
    return type == DType.BF16 && padded > LARGEST_WHOLE ? 2 : 1;
  }

  /** Shared memory of such a block. */
  int keyGradientBytes(DType type) {
    int keys = gradientKeys(type);
    if (type == DType.F32) {
      return 4 * (2 * VECTORS * padded + 2 * keys * (padded + 1) + VECTORS * keys);
    }
    int seenBy = padded > LARGEST_SEEN_BY_MORE ? VECTORS : 2 * VECTORS;
    return 2 * (padded + 8) * (2 * keys + 2 * seenBy) + 12 * seenBy;
  }
}
