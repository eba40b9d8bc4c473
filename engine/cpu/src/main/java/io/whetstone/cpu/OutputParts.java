package io.whetstone.cpu;

import io.whetstone.tensor.DType;

/** How the outputs of a linear layer are cut into parts; a function of their number alone. */
record OutputParts(int outputs) {
  /** Logits of so many tokens of the vocabulary, for some hundred rows, stay in the cache. */
  private static final int PART = 2 * LogSoftmax.BLOCK;

  /** Below this a layer has one part: it is no vocabulary. */
  private static final int VOCABULARY = 32_768;

  int count() {
    return outputs < VOCABULARY ? 1 : (outputs + PART - 1) / PART;
  }

  /** The first output of a part; of the part after the last, the number of outputs. */
  int first(int part) {
    return part == count() ? outputs : part * PART;
  }

  int width(int part) {
    return first(part + 1) - first(part);
  }

  /**
   * dx = dy W of a layer in several parts, part by part.
   *
   * @param room where a part of dy lies in rows of its own, and the sums of a BF16 result
   */
  void backwardInput(Gemm.Weight weight, long dy, int rows, long dx, Result result, Scratch room) {
    int bytes = weight.dtype().bytes();
    int size = weight.in() * rows;
    long own = room.reserve(4L * size + (long) bytes * rows * PART);
    long sums = result == Result.BF16 ? own : dx;
    own += 4L * size;
    for (int part = 0; part < count(); part++) {
      long width = (long) bytes * width(part);
      for (int r = 0; r < rows; r++) {
        long row = dy + bytes * ((long) outputs * r + first(part));
        Memory.copy(row, own + width * r, width);
      }
      boolean add = part > 0 || result == Result.F32_ADDED;
      weight.backwardInput(part, own, rows, sums, Result.of(DType.F32, add));
    }
    if (result == Result.BF16) {
      Bfloat16.round(sums, dx, size);
    }
  }
}
