package io.whetstone.tensor;

/** A block of a matrix's columns, through host memory: any backend's {@link Backend#addColumns}. */
final class Columns {
  private Columns() {}

  static void add(Backend backend, Tensor x, Tensor y, int from) {
    requireBlock(x, y, from);
    if (x.dtype() != DType.F32) {
      throw new IllegalArgumentException("x: expected F32, got " + x);
    }
    float[] block = backend.readFloats(x);
    float[] sums = backend.readFloats(y);
    for (int i = 0; i < block.length; i++) {
      sums[i / x.columns() * y.columns() + from + i % x.columns()] += block[i];
    }
    backend.write(y, sums);
  }

  static void take(Backend backend, Tensor x, int from, Tensor y) {
    requireBlock(y, x, from);
    if (x.dtype() != y.dtype()) {
      throw new IllegalArgumentException("y: expected " + x.dtype() + ", got " + y);
    }
    float[] all = backend.readFloats(x);
    float[] block = new float[Math.toIntExact(y.size())];
    for (int i = 0; i < block.length; i++) {
      block[i] = all[i / y.columns() * x.columns() + from + i % y.columns()];
    }
    backend.write(y, block);
  }

  private static void requireBlock(Tensor block, Tensor whole, int from) {
    if (block.rows() != whole.rows()
        || from < 0
        || from + (long) block.columns() > whole.columns()) {
      throw new IllegalArgumentException(
          "x, y: columns of " + block + " at " + from + " do not lie in " + whole);
    }
  }
}
