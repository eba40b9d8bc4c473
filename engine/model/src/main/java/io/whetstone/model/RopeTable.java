package io.whetstone.model;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.util.stream.IntStream;

/**
 * Cosines and sines for {@link Backend#rope}: row p holds cos(p · f_i) for i &lt; size/2, then the
 * sines, with the frequencies f of {@link Rope}, times the scaling's magnitude.
 *
 * <p>Frequencies and angles are rounded to float before the cosine is taken, as transformers does:
 * far positions would otherwise differ from every published model's by more than rounding.
 */
final class RopeTable {
  /** Numbers made at a time: what the heap must hold. */
  private static final int CHUNK = 1 << 20;

  private RopeTable() {}

  static Tensor create(Backend backend, Workspace memory, Rope rope, int positions, int size) {
    int half = size / 2;
    float[] frequencies = rope.frequencies(size);
    float magnitude = rope.scaling().magnitude();
    Tensor table = memory.tensor(DType.F32, positions, size);
    int step = Math.max(1, CHUNK / size);
    float[] whole = new float[Math.min(step, positions) * size];
    for (int from = 0; from < positions; ) {
      int first = from;
      int count = Math.min(step, positions - first);
      float[] rows = count == step ? whole : new float[count * size];
      IntStream.range(0, count)
          .parallel()
          .forEach(
              row -> {
                for (int i = 0; i < half; i++) {
                  float angle = (first + row) * frequencies[i];
                  rows[row * size + i] = (float) StrictMath.cos(angle) * magnitude;
                  rows[row * size + half + i] = (float) StrictMath.sin(angle) * magnitude;
                }
              });
      backend.write(table.rows(first, first + count), rows);
      from += count;
    }
    return table;
  }
}
