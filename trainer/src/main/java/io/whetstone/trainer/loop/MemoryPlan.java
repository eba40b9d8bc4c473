package io.whetstone.trainer.loop;

import io.whetstone.generation.SamplerLimits;
import io.whetstone.model.FrozenTypes;
import io.whetstone.model.Lora;
import io.whetstone.model.ModelConfig;
import io.whetstone.model.Transformer;
import io.whetstone.model.WeightShapes;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Shape;
import io.whetstone.trainer.config.Experiment;
import io.whetstone.trainer.config.Grpo;
import io.whetstone.trainer.config.MomentPrecision;
import io.whetstone.trainer.config.Offload;
import io.whetstone.trainer.config.Stage;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/**
 * Bytes of what a run allocates, holder by holder; docs/doctor.md compares their sum with runs.
 *
 * <pre>
 *                 processor                         device with memory of its own
 * weights, full:  4 P + 2c L packed both ways       4 P + 2 L rounded (bf16)
 *          LoRA:  c P + c L packed (f32: 2c L)      c P
 *     quantised:  their blocks, nothing packed      their blocks
 *      adapters:  (4 + 2c) A                        4 A + 2 A (bf16)
 * gradients 4, optimizer 8 (moments in 8 bits: 2.03) for each that is trained
 * reference:      c P + c L, none with LoRA         c P
 * average:        4 for each that is trained, and for each of the largest tensor that is
 * </pre>
 *
 * P numbers of the model, L of them in products, A in adapters, c bytes of the type that products
 * are made in.
 */
public final class MemoryPlan {
  /** Where rows of quantised weights are decoded: a few shapes, some MiB each. */
  private static final long PANELS = 40L << 20;

  /** What oneDNN makes once for a form of product, some tens of numbers of rows: as measured. */
  private static final long PRIMITIVES = 8L << 20;

  /** Forms of a layer's four products and the head's. */
  private static final int FORMS = 5;

  /** Of adapters: four A, of as many widths, and the B of up to six modules. */
  private static final int ADAPTER_FORMS = 10;

  /** Of those rows decoded at once, in the type that products are made in. */
  private static final long PANEL = 2L << 20;

  /** Logits of the head's backward: of so many rows and tokens of the vocabulary at a time. */
  private static final int LOGIT_ROWS = 512;

  private static final int LOGIT_TOKENS = 8192;

  /** Rows that go through a feed-forward at once. */
  private static final int FEED_FORWARD_ROWS = 1024;

  private final Experiment experiment;
  private final ModelConfig model;
  private final Optional<Lora> lora;
  private final FrozenTypes frozen;
  private final boolean device;
  private final int bytes;

  /**
   * @param frozen in which quantised types the weights beside adapters are held
   * @param device whether the backend computes in memory of its own
   */
  public MemoryPlan(
      Experiment experiment,
      ModelConfig model,
      Optional<Lora> lora,
      FrozenTypes frozen,
      boolean device) {
    this.experiment = experiment;
    this.model = model;
    this.lora = lora;
    this.frozen = frozen;
    this.device = device;
    this.bytes = experiment.precision().compute().bytes();
  }

  /** The weights, and the copies that products read. */
  public long weights() {
    long all = model.parameters();
    long rotary = (long) model.maxPositions() * model.heads().size() * Float.BYTES;
    if (lora.isPresent()) {
      long adapters = lora.get().parameters(model) * (Float.BYTES + copies());
      WeightShapes.Held held = WeightShapes.held(model, experiment.precision().compute(), frozen);
      return held.bytes() + (device ? 0 : prepared(held)) + adapters + rotary;
    }
    return all * Float.BYTES + inProducts() * copies() + rotary;
  }

  public long gradients() {
    return trained() * Float.BYTES;
  }

  /** AdamW's moments, of the stage whose take most. */
  public long optimizer() {
    return experiment.stages().stream()
        .map(stage -> stage.optimization().moments())
        .distinct()
        .mapToLong(this::moments)
        .max()
        .orElse(0);
  }

  private long moments(MomentPrecision precision) {
    return trainedShapes().entrySet().stream()
        .mapToLong(weight -> Moments.bytes(weight.getKey(), weight.getValue(), precision))
        .sum();
  }

  /** The most that a stage's reference takes. */
  public long reference() {
    return lora.isPresent()
        ? 0
        : experiment.stages().stream().mapToLong(this::reference).max().orElse(0);
  }

  /** The averaged numbers, and room in which a tensor of them is mixed. */
  public long average() {
    return experiment.average().isPresent() ? (trained() + largest()) * Float.BYTES : 0;
  }

  /**
   * @param rows of the largest micro-batch
   */
  public long activations(int rows) {
    DType compute = experiment.precision().compute();
    long adapted = lora.map(there -> there.scratchBytesPerRow(model, compute)).orElse(0L);
    boolean recompute = experiment.recomputeActivations();
    return Transformer.activationBytes(model, compute, recompute, rows, rows) + rows * adapted;
  }

  /**
   * What a sampler computes in.
   *
   * @param rows of prompts at most
   * @param sequences that decode together
   */
  public long sampling(int rows, int sequences) {
    DType compute = experiment.precision().compute();
    return SamplerLimits.workspaceBytes(model, compute, lora, rows, sequences);
  }

  /** What the products' library keeps of how it multiplies. */
  public long primitives() {
    return PRIMITIVES * (lora.isPresent() ? FORMS + ADAPTER_FORMS : FORMS);
  }

  /**
   * What the processor's kernels keep of a micro-batch for themselves: a chunk of logits and its
   * gradient; beside quantised weights panels of decoded rows, and sums and gradients of the widest
   * layer by them.
   */
  public long kernels(int rows) {
    long logits =
        (long) Math.min(rows, LOGIT_ROWS)
            * Math.min(model.vocabulary(), LOGIT_TOKENS)
            * (Float.BYTES + (bytes == Float.BYTES ? 0 : bytes));
    DType compute = experiment.precision().compute();
    if (lora.isEmpty() || WeightShapes.held(model, compute, frozen).quantized() == 0) {
      return logits;
    }
    long sums =
        Math.max(
            (long) Math.min(rows, FEED_FORWARD_ROWS) * model.feedForward(),
            (long) rows * model.hidden());
    return logits + PANELS + Float.BYTES * sums + rows * PANEL / model.hidden();
  }

  /** Bytes that {@code offload} can put into the host's memory. */
  public long movable(Offload what) {
    return switch (what) {
      case OPTIMIZER -> optimizer();
      case REFERENCE -> reference();
      case AVERAGE -> experiment.average().isPresent() ? trained() * Float.BYTES : 0;
    };
  }

  /** Those that it does put there. */
  public long offloaded(Offload what) {
    return device && experiment.offload().contains(what) ? movable(what) : 0;
  }

  public long offloaded() {
    return Arrays.stream(Offload.values()).mapToLong(this::offloaded).sum();
  }

  /**
   * What a device must still hold once the weights and gradients are there, the sampler's cache
   * apart: the optimizer, a reference, an average, activations of the largest micro-batches.
   */
  public long reserved() {
    int rows =
        experiment.stages().stream()
            .mapToInt(stage -> stage.optimization().microBatchTokens())
            .max()
            .orElse(0);
    return optimizer() + reference() + average() - offloaded() + activations(rows);
  }

  /** Numbers that products read: all but an embedding table that is not the head too. */
  private long inProducts() {
    long table = (long) model.vocabulary() * model.hidden();
    return model.parameters() - (model.tiedEmbeddings() ? 0 : table);
  }

  private long trained() {
    return lora.map(there -> there.parameters(model)).orElse(model.parameters());
  }

  /** Numbers of the largest tensor that is trained. */
  private long largest() {
    return trainedShapes().values().stream().mapToLong(Shape::size).max().orElse(0);
  }

  private Map<String, Shape> trainedShapes() {
    return lora.map(there -> WeightShapes.of(there, model)).orElseGet(() -> WeightShapes.of(model));
  }

  /** Bytes, for each number that products read, of the copies of a weight that is trained. */
  private long copies() {
    return device ? bytes == DType.BF16.bytes() ? bytes : 0 : 2L * bytes;
  }

  /** A BF16 weight that is not trained is its own backward's; blocks are decoded some at a time. */
  private long prepared(WeightShapes.Held held) {
    return held.plainInProducts() * (bytes == DType.BF16.bytes() ? bytes : 2L * bytes);
  }

  private long reference(Stage stage) {
    if (!(stage instanceof Grpo grpo) || grpo.kl().coefficient() == 0) {
      return 0;
    }
    int held = grpo.kl().refreshMix() < 1 ? Float.BYTES : bytes;
    boolean rounded = held != bytes;
    long copy = device ? rounded ? bytes : 0 : held;
    return model.parameters() * held + inProducts() * copy;
  }
}
