package io.whetstone.model;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;

/**
 * Cosines and sines for {@link Backend#rope}: row p holds cos(p · f_i) for i &lt; size/2, then the
 * sines, with f_i = theta^(−2i/size).
 *
 * <p>Frequencies and angles are rounded to float before the cosine is taken, as transformers does:
 * far positions would otherwise differ from every published model's by more than rounding.
 */
final class RopeTable {
  private RopeTable() {}

  static Tensor create(Backend backend, Workspace memory, ModelConfig config) {
    int size = config.heads().size();
    int half = size / 2;
    float[] table = new float[Math.multiplyExact(config.maxPositions(), size)];
    for (int i = 0; i < half; i++) {
      float frequency = (float) (1 / StrictMath.pow(config.ropeTheta(), 2.0 * i / size));
      for (int p = 0; p < config.maxPositions(); p++) {
        float angle = p * frequency;
        table[p * size + i] = (float) StrictMath.cos(angle);
        table[p * size + half + i] = (float) StrictMath.sin(angle);
      }
    }
    Tensor tensor = memory.tensor(DType.F32, config.maxPositions(), size);
    backend.write(tensor, table);
    return tensor;
  }
}
