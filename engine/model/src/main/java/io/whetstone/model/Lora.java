package io.whetstone.model;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Linear;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Low-rank adapters beside frozen linear modules (Hu et al. 2021, "LoRA", eq. 3): y = W x + s · B
 * (A dropout(x)), with A [rank, in] and B [out, rank] trained and W not.
 *
 * <p>Names, shapes and scale are PEFT's. Memory while training: 16 bytes for each of {@link
 * #parameters} (value, gradient, two moments), beside the copies a backend makes for products; the
 * frozen weights take what they take in a model that is not trained.
 *
 * @param rank r, at least 1
 * @param alpha α, s = α / r, or α / √r where {@code rankStabilised}; positive
 * @param dropout share of x that the adapters do not see in training, in [0, 1)
 * @param rankStabilised rsLoRA (Kalajdzievski 2023, "A rank stabilization scaling factor")
 * @param modules full names of the modules that have one
 */
public record Lora(
    int rank, double alpha, double dropout, boolean rankStabilised, Set<String> modules) {
  private static final String WEIGHT = ".weight";

  /** PEFT wraps a model in two of its own. */
  private static final String PREFIX = "base_model.model.";

  public Lora {
    if (rank < 1) {
      throw new IllegalArgumentException("rank: " + rank + " is not at least 1");
    }
    if (!(alpha > 0 && alpha < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("alpha: " + alpha + " is not finite and > 0");
    }
    if (!(dropout >= 0 && dropout < 1)) {
      throw new IllegalArgumentException("dropout: " + dropout + " is not in [0, 1)");
    }
    if (modules.isEmpty()) {
      throw new IllegalArgumentException("targets: no module has an adapter");
    }
    modules = Set.copyOf(modules);
  }

  /** s. */
  public double scale() {
    return alpha / (rankStabilised ? Math.sqrt(rank) : rank);
  }

  /** The module that an adapted weight belongs to, {@code ….q_proj} of {@code ….q_proj.weight}. */
  public Optional<String> moduleOf(String weight) {
    return Optional.of(weight)
        .filter(name -> name.endsWith(WEIGHT))
        .map(name -> name.substring(0, name.length() - WEIGHT.length()))
        .filter(modules::contains);
  }

  /** PEFT's name of a module's A [rank, in]. */
  public static String downName(String module) {
    return PREFIX + module + ".lora_A.weight";
  }

  /** PEFT's name of its B [out, rank]. */
  public static String upName(String module) {
    return PREFIX + module + ".lora_B.weight";
  }

  /**
   * W ← W + s · B A, all in F32.
   *
   * @param a [rank, in]
   * @param b [out, rank]
   * @param weight W [out, in]
   * @param workspace for a scaled copy of B
   */
  public void merge(Tensor a, Tensor b, Tensor weight, Backend backend, Workspace workspace) {
    Tensor scaled = workspace.tensor(DType.F32, b.rows(), rank);
    backend.copy(b, scaled);
    backend.scale(scaled, (float) scale());
    try (Linear lowered = backend.linear(a, DType.F32)) {
      backend.linearBackwardInput(lowered, scaled, weight, true);
    }
  }

  /** Numbers in the adapters: Σ rank · (in + out). */
  public long parameters(ModelConfig config) {
    return adapted(config).stream().mapToLong(m -> (long) rank * (m.in() + m.out())).sum();
  }

  /**
   * The modules of a model that have one.
   *
   * @throws IllegalArgumentException when the model lacks one of them
   */
  List<LinearModule> adapted(ModelConfig config) {
    List<LinearModule> present =
        LinearModule.of(config).stream().filter(m -> modules.contains(m.name())).toList();
    if (present.size() < modules.size()) {
      Set<String> missing = new TreeSet<>(modules);
      present.forEach(m -> missing.remove(m.name()));
      throw new IllegalArgumentException("the model has no linear modules " + missing);
    }
    return present;
  }

  /** Bytes of workspace that an adapted projection takes for each row, at most. */
  public long scratchBytesPerRow(ModelConfig config, DType compute) {
    int widest = adapted(config).stream().mapToInt(m -> Math.max(m.in(), m.out())).max().orElse(0);
    int input = dropout > 0 ? config.feedForward() + config.hidden() : 0;
    long ranks = 3L * rank;
    long numbers = 4 * ranks + widest;
    return Float.BYTES * numbers + compute.bytes() * (3 * ranks + widest + (long) input);
  }
}
