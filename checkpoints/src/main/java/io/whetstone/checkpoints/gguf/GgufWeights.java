package io.whetstone.checkpoints.gguf;

import io.whetstone.checkpoints.CheckpointException;
import io.whetstone.model.ModelConfig;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Shape;
import io.whetstone.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** A GGUF file's tensors as a model's weights. */
public final class GgufWeights {
  /** Elements moved at once between file and backend; bounds the heap this takes. */
  private static final int CHUNK = 1 << 18;

  private final GgufFile file;
  private final ModelConfig config;
  private final GgufNames names;

  public GgufWeights(GgufFile file, ModelConfig config) {
    this.file = file;
    this.config = config;
    names = new GgufNames(config);
  }

  /** The quantised type that the file holds a weight in, by Hugging Face's name; empty for none. */
  public Optional<DType> blocks(String name) {
    return file.tensor(names.of(name)).type().blocks();
  }

  /**
   * Checks that the file holds a model's weights and no others.
   *
   * @param weights shapes by Hugging Face's names
   * @throws CheckpointException naming the tensors that are missing or too many, or one that is of
   *     another shape
   */
  public void requireAll(Map<String, Shape> weights) {
    Set<String> left = new TreeSet<>(file.tensors().keySet());
    left.removeAll(
        List.of(GgufNames.ROPE_FACTORS, GgufNames.SHORT_FACTORS, GgufNames.LONG_FACTORS));
    if (config.tiedEmbeddings()) {
      left.remove(GgufNames.OUTPUT);
    }
    List<String> missing = new ArrayList<>();
    for (String name : weights.keySet()) {
      if (!left.remove(names.of(name))) {
        missing.add(names.of(name));
      }
    }
    if (!missing.isEmpty() || !left.isEmpty()) {
      throw new CheckpointException(
          file.path()
              + ": "
              + (missing.isEmpty()
                  ? "tensors are not expected: " + some(List.copyOf(left))
                  : "tensors are missing: " + some(missing)));
    }
    weights.forEach(this::require);
  }

  private static String some(List<String> names) {
    int shown = Math.min(8, names.size());
    String list = String.join(", ", names.subList(0, shown));
    return names.size() > shown ? list + " and " + (names.size() - shown) + " more" : list;
  }

  /**
   * Fills one of them. Blocks go as they are into a tensor of their type, else they are decoded and
   * rounded.
   *
   * @throws CheckpointException when it is of another shape
   */
  public void read(String name, Tensor to, Backend backend) {
    GgufTensor stored = require(name, to.shape());
    // A bias is a row of numbers for each output, as a matrix has a row of columns.
    boolean vector = to.shape().extents().size() == 1;
    Tensor matrix = vector ? to.reshape(to.columns(), 1) : to;
    boolean asTheyAre = stored.type().blocks().filter(to.dtype()::equals).isPresent();
    int step = names.permutes(name) ? 1 : Math.max(1, CHUNK / matrix.columns());
    if (vector && !names.permutes(name)) {
      backend.write(to, floats(name, stored, 0, to.columns()));
      return;
    }
    for (int row = 0; row < matrix.rows(); row += step) {
      int end = Math.min(matrix.rows(), row + step);
      int target = names.row(name, row);
      Tensor rows = matrix.rows(target, target + end - row);
      long from = (long) row * matrix.columns();
      int count = (end - row) * matrix.columns();
      if (asTheyAre) {
        MemorySegment blocks = file.bytes(stored, from, count);
        backend.write(rows, blocks);
      } else {
        backend.write(rows, floats(name, stored, from, count));
      }
    }
  }

  private GgufTensor require(String name, Shape shape) {
    GgufTensor stored = file.tensor(names.of(name));
    if (!stored.shape().equals(shape.extents().stream().map(Integer::longValue).toList())) {
      throw new CheckpointException(
          file.path() + ": tensor " + stored.name() + ": expected " + shape + ", got " + stored);
    }
    return stored;
  }

  private float[] floats(String name, GgufTensor stored, long from, int count) {
    float[] values = file.floats(stored, from, count);
    float added = names.added(name);
    for (int i = 0; added != 0 && i < count; i++) {
      values[i] -= added;
    }
    return values;
  }
}
