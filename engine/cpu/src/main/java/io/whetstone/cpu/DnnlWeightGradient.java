package io.whetstone.cpu;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * dW += dyᵀ x by oneDNN.
 *
 * <p>dW is cut into tiles and the tokens into chunks, both by the shape alone, and a tile takes its
 * chunks in order: so its bits do not depend on the number of threads.
 */
final class DnnlWeightGradient {
  /** A tile's extents. */
  private static final int TILE_OUT = 128;

  private static final int TILE_IN = 256;

  /** Tokens of a primitive, largest first; fewer than the last are padded with zeros. */
  private static final int[] CHUNKS = {512, 256, 128, 64};

  private static final int SMALLEST = 64;

  private record Shape(int tokens, int tileOut, int tileIn, int out, int in) {}

  private final DnnlGemm gemm;
  private final OneDnn dnn;
  private final Map<Shape, DnnlPrimitive> primitives = new ConcurrentHashMap<>();
  private final Scratch padding = new Scratch();

  DnnlWeightGradient(DnnlGemm gemm, OneDnn dnn) {
    this.gemm = gemm;
    this.dnn = dnn;
  }

  void add(long x, long dy, int tokens, int in, int out, long dw) {
    if (tokens == 0) {
      return;
    }
    int rest = tokens % SMALLEST;
    int whole = tokens - rest;
    long xRest = rest == 0 ? 0 : padding.reserve(4L * (in + out) * SMALLEST);
    long dyRest = xRest + 4L * in * SMALLEST;
    if (rest > 0) {
      pad(x + 4L * in * whole, rest, in, xRest);
      pad(dy + 4L * out * whole, rest, out, dyRest);
    }
    int columns = (in + TILE_IN - 1) / TILE_IN;
    int tiles = (out + TILE_OUT - 1) / TILE_OUT * columns;
    gemm.run(
        tiles,
        PackedMatrix.threads((long) tokens * in * out, gemm),
        (slot, tile) -> {
          int firstOut = tile / columns * TILE_OUT;
          int firstIn = tile % columns * TILE_IN;
          int tileOut = Math.min(TILE_OUT, out - firstOut);
          int tileIn = Math.min(TILE_IN, in - firstIn);
          long target = dw + 4 * ((long) in * firstOut + firstIn);
          int done = 0;
          for (int chunk : CHUNKS) {
            for (; whole - done >= chunk; done += chunk) {
              primitive(new Shape(chunk, tileOut, tileIn, out, in))
                  .run(
                      slot,
                      dy + 4 * ((long) out * done + firstOut),
                      x + 4 * ((long) in * done + firstIn),
                      target);
            }
          }
          if (rest > 0) {
            primitive(new Shape(SMALLEST, tileOut, tileIn, out, in))
                .run(slot, dyRest + 4L * firstOut, xRest + 4L * firstIn, target);
          }
        });
  }

  void close() {
    primitives.values().forEach(DnnlPrimitive::close);
  }

  private static void pad(long from, int rows, int columns, long to) {
    long bytes = 4L * columns * rows;
    Memory.copy(from, to, bytes);
    Memory.zero(to + bytes, 4L * columns * SMALLEST - bytes);
  }

  private DnnlPrimitive primitive(Shape shape) {
    return primitives.computeIfAbsent(shape, this::make);
  }

  private DnnlPrimitive make(Shape shape) {
    OneDnn.useOneThread();
    long a = dnn.matrix(shape.tileOut, shape.tokens, 1, shape.out);
    long b = dnn.matrix(shape.tokens, shape.tileIn, shape.in, 1);
    long c = dnn.matrix(shape.tileOut, shape.tileIn, shape.in, 1);
    try {
      return DnnlPrimitive.product(dnn, gemm.threads(), a, b, c, true);
    } finally {
      dnn.destroyMatrix(a);
      dnn.destroyMatrix(b);
      dnn.destroyMatrix(c);
    }
  }
}
