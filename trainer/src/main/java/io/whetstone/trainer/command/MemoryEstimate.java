package io.whetstone.trainer.command;

import io.whetstone.generation.SamplerLimits;
import io.whetstone.model.Lora;
import io.whetstone.model.ModelConfig;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.DType;
import io.whetstone.trainer.config.Evaluation;
import io.whetstone.trainer.config.Experiment;
import io.whetstone.trainer.config.Grpo;
import io.whetstone.trainer.config.Stage;
import java.util.List;
import java.util.Optional;

/**
 * The process's resident memory at its peak, from what is allocated; docs/doctor.md compares it
 * with runs.
 *
 * <pre>
 * full:  P · (4 weight + 4 gradient + 8 moments) + L · 2c packed for both directions
 * LoRA:  P · c + L · c packed + A · 16            (a BF16 weight is its own backward's)
 * reference: P · c + L · c, none with LoRA;  average: P · 12
 * activations of the largest micro-batch;  cache of what decodes together;  the rest: the JVM
 * </pre>
 *
 * P numbers of the model, L of them in products, A in adapters, c bytes of the type that products
 * are made in.
 */
final class MemoryEstimate {
  private static final int TRAINED = 16;

  /** Heap, classes, compiled code, libraries and chunks of logits, as runs were measured. */
  static final long JVM = 330L << 20;

  private final Experiment experiment;
  private final ModelConfig model;
  private final Optional<Lora> lora;
  private final List<StageLoad> loads;
  private final int bytes;

  MemoryEstimate(
      Experiment experiment, ModelConfig model, Optional<Lora> lora, List<StageLoad> loads) {
    this.experiment = experiment;
    this.model = model;
    this.lora = lora;
    this.loads = loads;
    this.bytes = experiment.precision().compute().bytes();
  }

  /** Numbers that products read: all but an embedding table that is not the head too. */
  private long inProducts() {
    long table = (long) model.vocabulary() * model.hidden();
    return model.parameters() - (model.tiedEmbeddings() ? 0 : table);
  }

  long weights() {
    long all = model.parameters();
    long weights =
        lora.isPresent()
            ? all * bytes
                + inProducts() * (bytes == 2 ? bytes : 2L * bytes)
                + lora.get().parameters(model) * (TRAINED + 2L * bytes)
            : all * TRAINED + inProducts() * 2L * bytes;
    weights += model.maxPositions() * (long) model.heads().size() * Float.BYTES; // rotary table
    if (lora.isEmpty()) {
      weights +=
          experiment.stages().stream().mapToLong(this::reference).max().orElse(0)
              + (experiment.average().isPresent() ? 3L * Float.BYTES * all : 0);
    }
    return weights;
  }

  private long reference(Stage stage) {
    if (!(stage instanceof Grpo grpo) || grpo.kl().coefficient() == 0) {
      return 0;
    }
    int held = grpo.kl().refreshMix() < 1 ? Float.BYTES : bytes;
    return model.parameters() * held + inProducts() * held;
  }

  long activations() {
    DType compute = experiment.precision().compute();
    return loads.stream()
        .mapToLong(
            load ->
                Transformer.activationBytes(
                    model,
                    compute,
                    experiment.recomputeActivations(),
                    load.largestMicroBatch(),
                    load.largestMicroBatch()))
        .max()
        .orElse(0);
  }

  long cache() {
    long position = 2L * bytes * model.layers() * model.heads().keyValues() * model.heads().size();
    long positions = loads.stream().mapToLong(StageLoad::cached).max().orElse(0);
    if (experiment.evaluation().isPresent()) {
      Evaluation evaluation = experiment.evaluation().get();
      int most =
          loads.stream()
              .mapToInt(StageLoad::inFlight)
              .max()
              .orElse(SamplerLimits.DEFAULT_SEQUENCES);
      long asked = (long) evaluation.count() * evaluation.samples();
      double prompt = loads.stream().mapToDouble(StageLoad::prompt).max().orElse(0);
      positions =
          Math.max(
              positions,
              (long)
                  (Math.min(asked, Math.max(most, 1))
                      * (prompt + evaluation.decoding().maxTokens())));
    }
    return Math.min(SamplerLimits.CACHE_BYTES, positions * position);
  }

  long total() {
    return weights() + activations() + cache() + JVM;
  }

  void report(Findings findings) {
    findings.say(
        "memory",
        "about "
            + Findings.bytes(total())
            + " at the peak: weights"
            + (lora.isPresent() ? ", adapters" : "")
            + " and optimizer "
            + Findings.bytes(weights())
            + ", activations "
            + Findings.bytes(activations())
            + ", cache "
            + Findings.bytes(cache())
            + ", the JVM and the rest "
            + Findings.bytes(JVM));
    long there = DoctorCommand.physicalMemory();
    if (there > 0 && total() > there) {
      findings.problem(
          "memory: about "
              + Findings.bytes(total())
              + " are needed, the machine has "
              + Findings.bytes(there)
              + "; "
              + remedy(there));
    }
  }

  /** The key that helps most. */
  private String remedy(long there) {
    long others = total() - activations();
    if (others < there && activations() > there / 10) {
      return (experiment.recomputeActivations() ? "" : "set recompute-activations: true, or ")
          + "lower micro-batch-tokens";
    }
    if (bytes == Float.BYTES) {
      return "set precision: bf16" + (lora.isPresent() ? "" : ", or model.lora");
    }
    return lora.isPresent()
        ? "take a smaller model"
        : "train adapters alone with model.lora: {rank: 16}, or take a smaller model";
  }
}
