package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.SPECIES;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.quantized.BlockCodec;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Conversions between host and tensors, sums over all elements, and what else takes them singly.
 */
final class Elementwise {
  /** Elements in a piece of work; reductions sum each alone, then all in order. */
  private static final int CHUNK = 1 << 13;

  /** How much longer an element takes to quantise than to add, about. */
  private static final long ENCODING_COST = 64;

  private interface Body {
    void accept(long from, long to);
  }

  /** Columns that a task of a sum over rows takes at least: a cache line is never shared. */
  private static final int COLUMN_BLOCK = 32;

  private final Workers workers;
  private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

  Elementwise(Workers workers) {
    this.workers = workers;
  }

  void write(Tensor to, float[] from) {
    if (to.dtype() == DType.F32) {
      MemorySegment.copy(from, 0, to.memory(), ValueLayout.JAVA_FLOAT, 0, from.length);
    } else if (to.dtype().quantized()) {
      encode(to, from);
    } else {
      for (int i = 0; i < from.length; i++) {
        to.memory().setAtIndex(ValueLayout.JAVA_SHORT, i, toBfloat16(from[i]));
      }
    }
  }

  private void encode(Tensor to, float[] from) {
    BlockCodec codec = BlockCodec.of(to.dtype());
    int elements = to.dtype().blockElements();
    Ranges.run(
        workers,
        from.length / elements,
        elements * ENCODING_COST,
        1,
        (first, last) -> {
          for (int b = first; b < last; b++) {
            codec.encode(from, b * elements, to.memory(), (long) b * to.dtype().blockBytes());
          }
        });
  }

  void write(Tensor to, int[] from) {
    MemorySegment.copy(from, 0, to.memory(), ValueLayout.JAVA_INT, 0, from.length);
  }

  float[] readFloats(Tensor from) {
    float[] to = new float[Math.toIntExact(from.size())];
    if (from.dtype().quantized()) {
      BlockCodec.of(from.dtype()).decodeAll(from.memory(), 0, to);
    } else if (from.dtype() == DType.F32) {
      MemorySegment.copy(from.memory(), ValueLayout.JAVA_FLOAT, 0, to, 0, to.length);
    } else {
      for (int i = 0; i < to.length; i++) {
        to[i] = fromBfloat16(from.memory().getAtIndex(ValueLayout.JAVA_SHORT, i));
      }
    }
    return to;
  }

  void copy(Tensor from, Tensor to) {
    if (from.dtype().quantized()) {
      to.memory().copyFrom(from.memory());
      return;
    }
    long source = Memory.address(from);
    long target = Memory.address(to);
    int read = from.dtype().bytes();
    int written = to.dtype().bytes();
    inParallel(
        from.size(),
        (first, last) -> {
          int count = (int) (last - first);
          if (from.dtype() == to.dtype()) {
            Memory.copy(source + first * read, target + first * read, (long) count * read);
          } else if (to.dtype() == DType.F32) {
            Bfloat16.widen(source + first * read, target + first * written, count);
          } else {
            Bfloat16.round(source + first * read, target + first * written, count);
          }
        });
  }

  void softCap(Tensor x, float cap) {
    long address = Memory.address(x);
    inParallel(
        x.size(), (first, last) -> SoftCap.apply(address + 4L * first, (int) (last - first), cap));
  }

  void fill(Tensor x, float value) {
    MemorySegment memory = x.memory();
    inParallel(
        x.size(),
        (first, last) -> {
          switch (x.dtype()) {
            case F32 -> {
              for (long i = first; i < last; i++) {
                memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
              }
            }
            case BF16 -> {
              short rounded = toBfloat16(value);
              for (long i = first; i < last; i++) {
                memory.setAtIndex(ValueLayout.JAVA_SHORT, i, rounded);
              }
            }
            case I32 -> {
              for (long i = first; i < last; i++) {
                memory.setAtIndex(ValueLayout.JAVA_INT, i, (int) value);
              }
            }
            case Q8_0, Q4_K, Q6_K, DYNAMIC, UDYNAMIC ->
                throw new IllegalArgumentException("x: a quantised tensor is not filled: " + x);
          }
        });
  }

  void add(Tensor x, Tensor y) {
    long from = Memory.address(x);
    long to = Memory.address(y);
    inParallel(
        x.size(),
        (first, last) ->
            Rows.addColumns(from + 4 * first, to + 4 * first, 0, (int) (last - first)));
  }

  void scale(Tensor x, float factor) {
    long at = Memory.address(x);
    inParallel(
        x.size(),
        (first, last) -> {
          long i = first;
          for (; i <= last - LANES; i += LANES) {
            Memory.store(Memory.load(at + 4 * i).mul(factor), at + 4 * i);
          }
          for (; i < last; i++) {
            Memory.set(at + 4 * i, Memory.get(at + 4 * i) * factor);
          }
        });
  }

  /** Every chunk alone in double, then the chunks in order. */
  double sumOfSquares(Tensor x) {
    long at = Memory.address(x);
    double[] sums = new double[chunks(x.size())];
    inParallel(
        x.size(),
        (first, last) -> {
          sums[(int) (first / CHUNK)] = sumOfSquares(at, first, last);
        });
    double total = 0;
    for (double sum : sums) {
      total += sum;
    }
    return total;
  }

  /** Four interleaved sums, then what is left over; one sum would wait for each addition. */
  private static double sumOfSquares(long at, long first, long last) {
    double a = 0;
    double b = 0;
    double c = 0;
    double d = 0;
    long i = first;
    for (; i <= last - 4; i += 4) {
      double x0 = Memory.get(at + 4 * i);
      double x1 = Memory.get(at + 4 * i + 4);
      double x2 = Memory.get(at + 4 * i + 8);
      double x3 = Memory.get(at + 4 * i + 12);
      a += x0 * x0;
      b += x1 * x1;
      c += x2 * x2;
      d += x3 * x3;
    }
    for (; i < last; i++) {
      double x = Memory.get(at + 4 * i);
      a += x * x;
    }
    return a + b + (c + d);
  }

  boolean allFinite(Tensor x) {
    long at = Memory.address(x);
    boolean[] finite = new boolean[chunks(x.size())];
    inParallel(
        x.size(),
        (first, last) -> {
          // 0 · x is 0 for a finite x, else NaN, and a NaN stays in a sum.
          FloatVector zeros = FloatVector.zero(SPECIES);
          for (long i = first; i < last; i += LANES) {
            VectorMask<Float> mask = SPECIES.indexInRange(i, last);
            zeros = Memory.load(at + 4 * i, mask).fma(FloatVector.zero(SPECIES), zeros);
          }
          finite[(int) (first / CHUNK)] = !zeros.test(VectorOperators.IS_NAN).anyTrue();
        });
    for (boolean chunk : finite) {
      if (!chunk) {
        return false;
      }
    }
    return true;
  }

  void addBias(Tensor bias, Tensor y) {
    int columns = bias.columns();
    DType type = y.dtype();
    long rowBytes = (long) type.bytes() * columns;
    long from = Memory.address(bias);
    long to = Memory.address(y);
    Ranges.run(
        workers,
        y.rows(),
        columns,
        1,
        (first, last) -> {
          long work = scratch.get().reserve(4L * columns);
          for (int r = first; r < last; r++) {
            long row = to + rowBytes * r;
            Rows.addColumns(from, Bfloat16.floats(type, row, columns, work), 0, columns);
            Bfloat16.settle(type, row, columns, work);
          }
        });
  }

  /** Parallel over columns, each summed from the first row to the last. */
  void addBiasBackward(Tensor dy, Tensor dBias) {
    int columns = dBias.columns();
    int rows = dy.rows();
    DType type = dy.dtype();
    long from = Memory.address(dy);
    long to = Memory.address(dBias);
    Ranges.run(
        workers,
        columns,
        rows,
        COLUMN_BLOCK,
        (first, last) -> {
          int count = last - first;
          long sums = scratch.get().reserve(8L * count);
          long work = sums + 4L * count;
          Memory.zero(sums, 4L * count);
          for (int r = 0; r < rows; r++) {
            long row = from + type.bytes() * ((long) columns * r + first);
            Rows.addColumns(Bfloat16.floats(type, row, count, work), sums, 0, count);
          }
          Rows.addColumns(sums, to + 4L * first, 0, count);
        });
  }

  /** The upper half of a binary32, rounded to nearest even; a NaN stays one. */
  static short toBfloat16(float value) {
    int bits = Float.floatToIntBits(value);
    return Float.isNaN(value)
        ? (short) (bits >>> 16)
        : (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
  }

  static float fromBfloat16(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  private static int chunks(long size) {
    return Math.toIntExact((size + CHUNK - 1) / CHUNK);
  }

  /** Runs {@code body} for every chunk of [0, size). */
  private void inParallel(long size, Body body) {
    Ranges.run(
        workers,
        chunks(size),
        CHUNK,
        1,
        (from, to) -> {
          for (int chunk = from; chunk < to; chunk++) {
            body.accept((long) chunk * CHUNK, Math.min(size, (chunk + 1L) * CHUNK));
          }
        });
  }
}
