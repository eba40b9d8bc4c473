package io.whetstone.checkpoints.gguf;

import io.whetstone.checkpoints.TensorSource;
import io.whetstone.model.ModelConfig;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Shape;
import io.whetstone.tensor.Tensor;
import io.whetstone.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Writes a model as a GGUF file that llama.cpp loads. */
public final class GgufExport {
  /** llama.cpp's numbers for what most of a file's tensors are. */
  private static final Map<GgufType, Integer> FILE_TYPES =
      Map.of(
          GgufType.F32, 0,
          GgufType.F16, 1,
          GgufType.Q8_0, 7,
          GgufType.Q4_K, 14,
          GgufType.Q6_K, 18,
          GgufType.BF16, 32);

  private static final int QUANTIZATION_VERSION = 2;

  private GgufExport() {}

  /**
   * Writes a model.
   *
   * @param weights by Hugging Face's names
   * @param type of the matrices; norms and biases are F32. Rows that are not whole blocks of it are
   *     Q8_0, or F16 where they are not whole blocks of that either. In a Q4_K file the matrix that
   *     makes logits is Q6_K, as llama.cpp has it
   * @throws IllegalArgumentException naming what llama.cpp cannot run, or a number that the type
   *     cannot hold
   */
  public static void write(
      Path file,
      ModelConfig config,
      TensorSource weights,
      GgufType type,
      Backend backend,
      Tokenizer tokenizer)
      throws IOException {
    if (tokenizer.size() > config.vocabulary()) {
      throw new IllegalArgumentException(
          "the tokenizer has "
              + tokenizer.size()
              + " ids, the model only "
              + config.vocabulary()
              + " rows of embeddings");
    }
    GgufWriter writer = new GgufWriter();
    new GgufDescription(config).write(writer);
    writer.count("general.file_type", FILE_TYPES.get(type));
    writer.count("general.quantization_version", QUANTIZATION_VERSION);
    GgufVocabulary.write(writer, tokenizer, config.vocabulary());
    GgufNames names = new GgufNames(config);
    weights.shapes().keySet().forEach(name -> add(writer, names, name, weights, type, backend));
    writer.write(file);
  }

  private static void add(
      GgufWriter writer,
      GgufNames names,
      String name,
      TensorSource weights,
      GgufType wanted,
      Backend backend) {
    Shape extents = weights.shapes().get(name);
    List<Long> shape = extents.extents().stream().map(Integer::longValue).toList();
    boolean vector = shape.size() == 1;
    String stored = names.of(name);
    boolean logits = stored.equals(GgufNames.OUTPUT) || stored.equals(GgufNames.EMBEDDING);
    GgufType type =
        vector
            ? GgufType.F32
            : fitting(
                wanted == GgufType.Q4_K && logits ? GgufType.Q6_K : wanted, extents.columns());
    float added = names.added(name);
    writer.tensor(
        stored,
        type,
        shape,
        (from, to) -> {
          if (vector) {
            // A bias has a number where a matrix has a row.
            float[] all = backend.readFloats(weights.tensor(name));
            float[] ordered = new float[all.length];
            for (int i = 0; i < all.length; i++) {
              ordered[i] = all[names.row(name, i)] + added;
            }
            return ordered;
          }
          return names.permutes(name)
              ? permuted(names, name, weights.tensor(name), from, to, backend)
              : backend.readFloats(weights.tensor(name).rows(from, to));
        });
  }

  private static float[] permuted(
      GgufNames names, String name, Tensor matrix, int from, int to, Backend backend) {
    int columns = matrix.columns();
    float[] rows = new float[(to - from) * columns];
    for (int row = from; row < to; row++) {
      int source = names.row(name, row);
      float[] one = backend.readFloats(matrix.rows(source, source + 1));
      System.arraycopy(one, 0, rows, (row - from) * columns, columns);
    }
    return rows;
  }

  private static GgufType fitting(GgufType wanted, int columns) {
    if (columns % wanted.blockElements() == 0) {
      return wanted;
    }
    return columns % GgufType.Q8_0.blockElements() == 0 ? GgufType.Q8_0 : GgufType.F16;
  }
}
