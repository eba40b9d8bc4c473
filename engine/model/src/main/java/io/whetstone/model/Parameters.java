package io.whetstone.model;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Philox;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Owns a model's weights and gradients, and names them: fused for the optimizer, apart for files.
 */
final class Parameters implements AutoCloseable {
  /** How a weight starts. */
  enum Start {
    ZEROS,
    ONES,
    /** Normal with the standard deviation asked for. */
    NORMAL,
    /** The same over √(2 · layers): what adds to the residual stream (GPT-2, section 2.3). */
    RESIDUAL,
    /** Uniform in ±1/√in: He et al. 2015 with a = √5, which is how PEFT starts A. */
    KAIMING
  }

  /** One of Hugging Face's tensors within a fused one: its name and how many rows it takes. */
  record Part(String name, int rows) {}

  /** What their memory is for, where it is not said otherwise. */
  static final String WEIGHTS = "weights";

  /** Numbers drawn at a time: what the heap must hold. */
  private static final int DRAWN = 1 << 20;

  private final Backend backend;
  private final DType matrixType;
  private final FrozenTypes frozen;
  private final Workspace valueMemory;
  private final Workspace gradientMemory;
  private final List<Parameter> parameters = new ArrayList<>();
  private final Map<String, Tensor> weights = new LinkedHashMap<>();
  private final Map<String, Tensor> gradients = new LinkedHashMap<>();
  private final Map<String, Start> starts = new LinkedHashMap<>();

  /** Matrices that are never trained are held in {@code compute}, all else in F32. */
  Parameters(Backend backend, DType compute, boolean trainable) {
    this(backend, compute, trainable, FrozenTypes.NONE, WEIGHTS);
  }

  /** The same, with quantised matrices where they are never trained. */
  Parameters(
      Backend backend, DType compute, boolean trainable, FrozenTypes frozen, String purpose) {
    this.backend = backend;
    this.frozen = trainable ? FrozenTypes.NONE : frozen;
    matrixType = trainable ? DType.F32 : compute;
    valueMemory = backend.workspace(purpose);
    gradientMemory = trainable ? backend.workspace("gradients") : null;
  }

  private Parameters(DType matrixType, FrozenTypes frozen) {
    this.matrixType = matrixType;
    this.frozen = frozen;
    backend = null;
    valueMemory = new Unbacked();
    gradientMemory = null;
  }

  /** Names, shapes and types without numbers, of weights that are not trained. */
  static Parameters described(DType compute, FrozenTypes frozen) {
    return new Parameters(compute, frozen);
  }

  /** A matrix [out, in], zero, whose rows are those of {@code parts} (none: one part, itself). */
  Parameter matrix(String name, Start start, int out, int in, Part... parts) {
    return add(name, start, true, new int[] {out, in}, parts);
  }

  /** A vector [n], zero. */
  Parameter vector(String name, Start start, int n, Part... parts) {
    return add(name, start, false, new int[] {n}, parts);
  }

  private Parameter add(String name, Start start, boolean decayed, int[] extents, Part... parts) {
    Part[] named = parts.length > 0 ? parts : new Part[] {new Part(name, extents[0])};
    Tensor value = valueMemory.zeros(decayed ? matrixType(extents[1], named) : DType.F32, extents);
    Tensor gradient = gradientMemory == null ? null : gradientMemory.zeros(DType.F32, extents);
    Parameter parameter = new Parameter(name, value, gradient, decayed);
    parameters.add(parameter);
    int from = 0;
    for (Part part : named) {
      weights.put(part.name, slice(value, from, from + part.rows));
      if (gradient != null) {
        gradients.put(part.name, slice(gradient, from, from + part.rows));
      }
      starts.put(part.name, start);
      from += part.rows;
    }
    return parameter;
  }

  private DType matrixType(int columns, Part[] parts) {
    List<Optional<DType>> types =
        Arrays.stream(parts).map(part -> frozen.of(part.name, columns)).distinct().toList();
    return types.size() == 1 ? types.getFirst().orElse(matrixType) : matrixType;
  }

  /** The entries [from, to) of the outermost extent. */
  private static Tensor slice(Tensor x, int from, int to) {
    int first = x.shape().extents().getFirst();
    return x.shape().extents().size() == 1
        ? x.reshape(first, 1).rows(from, to).reshape(to - from)
        : x.rows(from, to);
  }

  List<Parameter> fused() {
    return Collections.unmodifiableList(parameters);
  }

  Map<String, Tensor> weights() {
    return Collections.unmodifiableMap(weights);
  }

  Map<String, Tensor> gradients() {
    requireTrainable();
    return Collections.unmodifiableMap(gradients);
  }

  boolean trainable() {
    return gradientMemory != null;
  }

  void requireTrainable() {
    if (!trainable()) {
      throw new IllegalStateException(
          "the model has no gradients: it was created with trainable = false");
    }
  }

  /** Number i of a tensor depends on the seed, the tensor's name and i only. */
  void initialise(long seed, double deviation, int layers) {
    weights.forEach(
        (name, value) -> {
          switch (starts.get(name)) {
            case ZEROS -> backend.fill(value, 0);
            case ONES -> backend.fill(value, 1);
            case NORMAL ->
                draw(value, Philox.derive(seed, name.hashCode()), deviation, Philox::normal);
            case RESIDUAL ->
                draw(
                    value,
                    Philox.derive(seed, name.hashCode()),
                    deviation / Math.sqrt(2.0 * layers),
                    Philox::normal);
            case KAIMING ->
                draw(
                    value,
                    Philox.derive(seed, name.hashCode()),
                    1 / Math.sqrt(value.columns()),
                    (key, i) -> 2 * Philox.uniform(key, i) - 1);
          }
        });
  }

  /** The i-th number under a key. */
  private interface Numbers {
    double at(long key, long i);
  }

  private void draw(Tensor value, long key, double factor, Numbers distribution) {
    int columns = value.columns();
    int step = Math.max(1, DRAWN / columns);
    for (int row = 0; row < value.rows(); row += step) {
      Tensor rows = value.rows(row, Math.min(value.rows(), row + step));
      long first = (long) row * columns;
      float[] numbers = new float[Math.toIntExact(rows.size())];
      IntStream.range(0, numbers.length)
          .parallel()
          .forEach(i -> numbers[i] = (float) (factor * distribution.at(key, first + i)));
      backend.write(rows, numbers);
    }
  }

  void zeroGradients() {
    requireTrainable();
    for (Parameter parameter : parameters) {
      backend.fill(parameter.gradient(), 0);
    }
  }

  void copyFrom(Parameters other) {
    for (int i = 0; i < parameters.size(); i++) {
      Tensor from = other.parameters.get(i).value();
      Tensor to = parameters.get(i).value();
      if (other.backend == backend) {
        backend.copy(from, to);
      } else {
        backend.write(to, other.backend.readFloats(from));
      }
    }
  }

  @Override
  public void close() {
    valueMemory.close();
    if (gradientMemory != null) {
      gradientMemory.close();
    }
  }
}
