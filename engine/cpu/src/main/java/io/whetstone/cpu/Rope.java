package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.Tensor;
import jdk.incubator.vector.FloatVector;

/** Rotary position embedding, half-split; formulas are with {@code Backend.rope}. */
final class Rope {
  private final Workers workers;
  private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

  Rope(Workers workers) {
    this.workers = workers;
  }

  void rope(Tensor fused, Heads heads, int[] positions, Tensor table, boolean inverse) {
    int size = heads.size();
    int rotated = heads.queries() + heads.keyValues();
    DType type = fused.dtype();
    long rowBytes = (long) type.bytes() * heads.fusedColumns();
    long rows = Memory.address(fused);
    long angles = Memory.address(table);
    Ranges.run(
        workers,
        positions.length,
        2L * rotated * size,
        1,
        (from, to) -> {
          long work = scratch.get().reserve(4L * rotated * size);
          for (int r = from; r < to; r++) {
            long row = rows + rowBytes * r;
            long first = Bfloat16.floats(type, row, rotated * size, work);
            rotate(first, rotated, size, angles + 4L * size * positions[r], inverse);
            Bfloat16.settle(type, row, rotated * size, work);
          }
        });
  }

  private static void rotate(long row, int heads, int size, long angles, boolean inverse) {
    int half = size / 2;
    long halfBytes = 4L * half;
    float sign = inverse ? -1 : 1;
    int c = 0;
    for (; c <= half - LANES; c += LANES) {
      FloatVector cos = Memory.load(angles + 4L * c);
      FloatVector sin = Memory.load(angles + halfBytes + 4L * c).mul(sign);
      for (int h = 0; h < heads; h++) {
        long first = row + 4L * ((long) h * size + c);
        FloatVector a = Memory.load(first);
        FloatVector b = Memory.load(first + halfBytes);
        Memory.store(a.mul(cos).sub(b.mul(sin)), first);
        Memory.store(b.mul(cos).add(a.mul(sin)), first + halfBytes);
      }
    }
    for (; c < half; c++) {
      float cos = Memory.get(angles + 4L * c);
      float sin = Memory.get(angles + halfBytes + 4L * c) * sign;
      for (int h = 0; h < heads; h++) {
        long first = row + 4L * ((long) h * size + c);
        float a = Memory.get(first);
        float b = Memory.get(first + halfBytes);
        Memory.set(first, a * cos - b * sin);
        Memory.set(first + halfBytes, b * cos + a * sin);
      }
    }
  }
}
