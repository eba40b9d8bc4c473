package io.whetstone.checkpoints;

import io.whetstone.model.Lora;
import io.whetstone.model.ModelConfig;
import io.whetstone.model.WeightShapes;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Shape;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;

/**
 * The weights of a model's directory in F32, read one at a time, with what an adapter adds to them:
 * W + s · B A, to the bit what {@link io.whetstone.model.Transformer#mergeAdapters} makes of the
 * whole model. So a model is written anew in the memory of its largest tensor.
 */
public final class ModelWeights implements TensorSource, AutoCloseable {
  private final WeightFiles files;
  private final ModelConfig config;
  private final Optional<Adapter> adapter;
  private final Map<String, Shape> shapes;
  private final Backend backend;
  private final Workspace workspace;
  private String name;
  private Tensor tensor;

  /** What is added, and the file with its matrices. */
  private record Adapter(Lora lora, SafetensorsFile file) {}

  private ModelWeights(
      WeightFiles files, ModelConfig config, Optional<Adapter> adapter, Backend backend) {
    this.files = files;
    this.config = config;
    this.adapter = adapter;
    this.backend = backend;
    shapes = WeightShapes.of(config);
    workspace = backend.workspace("a weight that is written");
    // The largest first: its memory then serves for all.
    shapes.values().stream().max(Comparator.comparingLong(Shape::size)).ifPresent(this::memory);
  }

  /**
   * Opens a model's.
   *
   * @param instead a safetensors file with other weights of this model, an average of them
   * @throws CheckpointException naming the tensors that are missing, too many or of another shape
   */
  public static ModelWeights open(Path directory, Optional<Path> instead, Backend backend) {
    ModelConfig config = HuggingFaceModel.config(directory);
    WeightFiles files = instead.map(WeightFiles::of).orElseGet(() -> WeightFiles.open(directory));
    return checked(new ModelWeights(files, config, Optional.empty(), backend));
  }

  /**
   * Opens a model's, for an adapter to be added.
   *
   * @param adapterWeights the file with its tensors, the adapter's own or an average of them
   * @throws CheckpointException naming the tensors that are missing, too many or of another shape
   */
  public static ModelWeights merged(
      Path base, PeftAdapter adapter, Path adapterWeights, Backend backend) {
    ModelConfig config = HuggingFaceModel.config(base);
    Lora lora = adapter.lora(config);
    SafetensorsFile file = SafetensorsFile.open(adapterWeights);
    try {
      Safetensors.requireSameNames(
          adapterWeights, file.tensors().keySet(), WeightShapes.of(lora, config).keySet());
      WeightFiles files = WeightFiles.open(base);
      return checked(
          new ModelWeights(files, config, Optional.of(new Adapter(lora, file)), backend));
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  private static ModelWeights checked(ModelWeights weights) {
    try {
      weights.files.requireAll(weights.shapes, weights.config);
      return weights;
    } catch (RuntimeException e) {
      weights.close();
      throw e;
    }
  }

  @Override
  public Map<String, Shape> shapes() {
    return shapes;
  }

  /** Bytes in memory at most. */
  public long largest() {
    return Float.BYTES * shapes.values().stream().mapToLong(Shape::size).max().orElse(0);
  }

  @Override
  public Tensor tensor(String wanted) {
    if (!wanted.equals(name)) {
      name = null;
      workspace.reset();
      tensor = memory(shapes.get(wanted));
      files.readOne(wanted, tensor, config, backend);
      adapter.ifPresent(
          added ->
              added
                  .lora
                  .moduleOf(wanted)
                  .ifPresent(module -> add(added, module, shapes.get(wanted))));
      name = wanted;
    }
    return tensor;
  }

  private void add(Adapter added, String module, Shape weight) {
    long mark = workspace.mark();
    int rank = added.lora.rank();
    Tensor a = memory(Shape.of(rank, weight.columns()));
    Tensor b = memory(Shape.of(weight.rows(), rank));
    added.file.read(Lora.downName(module), a, backend);
    added.file.read(Lora.upName(module), b, backend);
    added.lora.merge(a, b, tensor, backend, workspace);
    workspace.release(mark);
  }

  private Tensor memory(Shape shape) {
    return workspace.tensor(
        DType.F32, shape.extents().stream().mapToInt(Integer::intValue).toArray());
  }

  @Override
  public void close() {
    workspace.close();
    files.close();
    adapter.ifPresent(added -> added.file.close());
  }
}
