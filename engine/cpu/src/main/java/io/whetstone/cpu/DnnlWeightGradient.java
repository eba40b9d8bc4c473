package io.whetstone.cpu;

import io.whetstone.tensor.DType;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * dW += dyᵀ x by oneDNN.
 *
 * <p>dW is cut into tiles and the tokens into chunks, both by the shape alone, and a tile takes its
 * chunks in order: so its bits do not depend on the number of threads.
 */
final class DnnlWeightGradient {
  /** A tile's extents; a gradient that would be one tile is cut in two. */
  private static final int TILE_OUT = 128;

  private static final int TILE_IN = 256;

  /** Tokens of a primitive, largest first; fewer than the last are padded with zeros. */
  private static final int[] CHUNKS = {512, 256, 128, 64};

  private static final int SMALLEST = 64;

  private record Shape(DType dtype, int tokens, int tileOut, int tileIn, int out, int in) {}

  private final DnnlGemm gemm;
  private final OneDnn dnn;
  private final Map<Shape, DnnlPrimitive> primitives = new ConcurrentHashMap<>();
  private final Scratch padding = new Scratch();
  private final Scratch widened = new Scratch();

  DnnlWeightGradient(DnnlGemm gemm, OneDnn dnn) {
    this.gemm = gemm;
    this.dnn = dnn;
  }

  void add(DType dtype, long x, long dy, int tokens, int in, int out, long dw) {
    if (tokens == 0) {
      return;
    }
    if (dtype == DType.BF16 && gemm.slowBfloat16()) {
      addWidened(x, dy, tokens, in, out, dw);
      return;
    }
    long bytes = dtype.bytes();
    int rest = tokens % SMALLEST;
    int whole = tokens - rest;
    long xRest = rest == 0 ? 0 : padding.reserve(bytes * (in + out) * SMALLEST);
    long dyRest = xRest + bytes * in * SMALLEST;
    if (rest > 0) {
      pad(x + bytes * in * whole, rest, bytes * in, xRest);
      pad(dy + bytes * out * whole, rest, bytes * out, dyRest);
    }
    int columns = (in + TILE_IN - 1) / TILE_IN;
    int height = out <= TILE_OUT && in <= TILE_IN ? TILE_OUT / 2 : TILE_OUT;
    int tiles = (out + height - 1) / height * columns;
    gemm.run(
        tiles,
        PackedMatrix.threads((long) tokens * in * out, gemm),
        (slot, tile) -> {
          int firstOut = tile / columns * height;
          int firstIn = tile % columns * TILE_IN;
          int tileOut = Math.min(height, out - firstOut);
          int tileIn = Math.min(TILE_IN, in - firstIn);
          long target = dw + 4 * ((long) in * firstOut + firstIn);
          int done = 0;
          for (int chunk : CHUNKS) {
            for (; whole - done >= chunk; done += chunk) {
              primitive(new Shape(dtype, chunk, tileOut, tileIn, out, in))
                  .run(
                      slot,
                      dy + bytes * ((long) out * done + firstOut),
                      x + bytes * ((long) in * done + firstIn),
                      target);
            }
          }
          if (rest > 0) {
            primitive(new Shape(dtype, SMALLEST, tileOut, tileIn, out, in))
                .run(slot, dyRest + bytes * firstOut, xRest + bytes * firstIn, target);
          }
        });
  }

  /** BF16 numbers multiplied in F32, which holds their products exactly. */
  private void addWidened(long x, long dy, int tokens, int in, int out, long dw) {
    for (int done = 0; done < tokens; done += CHUNKS[0]) {
      int chunk = Math.min(CHUNKS[0], tokens - done);
      long xs = widened.reserve(4L * chunk * (in + out));
      long dys = xs + 4L * chunk * in;
      Bfloat16.widen(gemm.workers(), x + 2L * in * done, xs, (long) chunk * in);
      Bfloat16.widen(gemm.workers(), dy + 2L * out * done, dys, (long) chunk * out);
      add(DType.F32, xs, dys, chunk, in, out, dw);
    }
  }

  void close() {
    primitives.values().forEach(DnnlPrimitive::close);
  }

  private static void pad(long from, int rows, long rowBytes, long to) {
    Memory.copy(from, to, rowBytes * rows);
    Memory.zero(to + rowBytes * rows, rowBytes * (SMALLEST - rows));
  }

  private DnnlPrimitive primitive(Shape shape) {
    return primitives.computeIfAbsent(shape, this::make);
  }

  private DnnlPrimitive make(Shape shape) {
    OneDnn.useOneThread();
    long a = dnn.matrix(shape.dtype, shape.tileOut, shape.tokens, 1, shape.out);
    long b = dnn.matrix(shape.dtype, shape.tokens, shape.tileIn, shape.in, 1);
    long c = dnn.matrix(DType.F32, shape.tileOut, shape.tileIn, shape.in, 1);
    try {
      return DnnlPrimitive.product(dnn, gemm.threads(), a, b, c, true);
    } finally {
      dnn.destroyMatrix(a);
      dnn.destroyMatrix(b);
      dnn.destroyMatrix(c);
    }
  }
}
