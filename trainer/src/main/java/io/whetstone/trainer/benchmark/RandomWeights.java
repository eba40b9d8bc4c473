package io.whetstone.trainer.benchmark;

import io.whetstone.model.Transformer;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Philox;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.util.Map;

/**
 * Weights of a model that is only measured: a block of normal numbers, again and again, each tensor
 * beginning elsewhere in it. Drawing seven billion would take longer than measuring them.
 */
public final class RandomWeights {
  /** A prime, so that rows of a matrix differ. */
  private static final int BLOCK = 1_000_003;

  private static final float DEVIATION = 0.02f;

  private RandomWeights() {}

  public static void fill(Transformer model) {
    Backend backend = model.backend();
    try (Workspace workspace = backend.workspace("random numbers")) {
      Tensor block = workspace.tensor(DType.F32, BLOCK, 1);
      backend.write(block, normal());
      int begin = 0;
      for (Map.Entry<String, Tensor> weight : model.weights().entrySet()) {
        if (weight.getValue().shape().extents().size() == 1) {
          backend.fill(weight.getValue(), weight.getKey().contains("norm") ? 1 : 0);
        } else {
          begin = repeat(backend, block, begin, weight.getValue());
        }
      }
    }
    model.weightsChanged();
  }

  /** Where the next tensor begins. */
  private static int repeat(Backend backend, Tensor block, int begin, Tensor weight) {
    int size = Math.toIntExact(weight.size());
    if (weight.dtype().quantized()) {
      float[] numbers = backend.readFloats(block);
      float[] values = new float[size];
      for (int i = 0; i < size; i++) {
        values[i] = numbers[(begin + i) % BLOCK];
      }
      backend.write(weight, values);
      return (begin + size) % BLOCK;
    }
    Tensor column = weight.reshape(size, 1);
    int from = begin;
    int at = 0;
    while (at < size) {
      int count = Math.min(BLOCK - from, size - at);
      backend.copy(block.rows(from, from + count), column.rows(at, at + count));
      at += count;
      from = (from + count) % BLOCK;
    }
    return from;
  }

  private static float[] normal() {
    float[] numbers = new float[BLOCK];
    for (int i = 0; i < BLOCK; i++) {
      numbers[i] = DEVIATION * (float) Philox.normal(0, i);
    }
    return numbers;
  }
}
