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
  private RopeTable() {}

  static Tensor create(Backend backend, Workspace memory, Rope rope, int positions, int size) {
    int half = size / 2;
    float[] frequencies = rope.frequencies(size);
    float magnitude = rope.scaling().magnitude();
    float[] table = new float[Math.multiplyExact(positions, size)];
    IntStream.range(0, positions)
        .parallel()
        .forEach(
            p -> {
              for (int i = 0; i < half; i++) {
                float angle = p * frequencies[i];
                table[p * size + i] = (float) StrictMath.cos(angle) * magnitude;
                table[p * size + half + i] = (float) StrictMath.sin(angle) * magnitude;
              }
            });
    Tensor tensor = memory.tensor(DType.F32, positions, size);
    backend.write(tensor, table);
    return tensor;
  }
}
