package io.whetstone.cuda;

import io.whetstone.tensor.Heads;

/** The size of heads as kernels are compiled for it: rounded up to a multiple of 32. */
record HeadSize(int padded) {
  private static final int MULTIPLE = 32;
  private static final int LARGEST = 256;

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
}
