package io.whetstone.trainer.command;

import io.whetstone.datasets.settings.Names;
import io.whetstone.generation.SamplerLimits;
import io.whetstone.model.FrozenTypes;
import io.whetstone.model.Lora;
import io.whetstone.model.ModelConfig;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.DeviceRoom;
import io.whetstone.trainer.config.Evaluation;
import io.whetstone.trainer.config.Experiment;
import io.whetstone.trainer.config.Offload;
import io.whetstone.trainer.config.Precision;
import io.whetstone.trainer.loop.MemoryPlan;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What a run holds at its peak, and whether it is there: the process's resident memory, or a
 * device's own.
 *
 * <p>{@link MemoryPlan} has the holders that a model's shape decides; here come activations of the
 * largest micro-batch, the cache of what decodes together, and the rest.
 */
final class MemoryEstimate {
  /** Heap, classes, compiled code, libraries and the tokenizer, as runs were measured. */
  static final long JVM = 300L << 20;

  /**
   * Allowed for a device's context, its libraries' room, compiled kernels and the head's chunks of
   * logits in training; not measured yet.
   */
  static final long DEVICE_REST = 1L << 30;

  /** What stays empty of the blocks that a device's memory is taken in: a twelfth at most. */
  private static final int BLOCKS = 12;

  private final Experiment experiment;
  private final ModelConfig model;
  private final Optional<Lora> lora;
  private final List<StageLoad> loads;
  private final Optional<DeviceRoom> device;
  private final MemoryPlan plan;

  /**
   * @param frozen in which quantised types the weights beside adapters are held
   * @param device the room there is on a device that has memory of its own
   */
  MemoryEstimate(
      Experiment experiment,
      ModelConfig model,
      Optional<Lora> lora,
      FrozenTypes frozen,
      List<StageLoad> loads,
      Optional<DeviceRoom> device) {
    this.experiment = experiment;
    this.model = model;
    this.lora = lora;
    this.loads = loads;
    this.device = device;
    this.plan = new MemoryPlan(experiment, model, lora, frozen, device.isPresent());
  }

  long activations() {
    return loads.stream()
        .mapToLong(load -> plan.activations(load.largestMicroBatch()))
        .max()
        .orElse(0);
  }

  /** What sampling computes in, of the stage or evaluation that takes most; 0 without any. */
  long sampling() {
    double prompt = loads.stream().mapToDouble(StageLoad::prompt).max().orElse(0);
    int rows = 0;
    int together = 0;
    for (StageLoad load : loads) {
      rows = Math.max(rows, (int) (load.groups() * load.prompt()));
      together = Math.max(together, load.together());
    }
    if (experiment.evaluation().isPresent()) {
      Evaluation evaluation = experiment.evaluation().get();
      rows = Math.max(rows, (int) (evaluation.count() * prompt));
      together =
          Math.max(together, Math.min(evaluation.count() * evaluation.samples(), sequences()));
    }
    return together == 0 ? 0 : plan.sampling(rows, together);
  }

  private long kernels() {
    int rows = loads.stream().mapToInt(StageLoad::largestMicroBatch).max().orElse(0);
    return plan.kernels(rows) + plan.primitives();
  }

  /** On a device all of the cache is taken at once; elsewhere, what is used of it. */
  long cache() {
    DType compute = experiment.precision().compute();
    long position = SamplerLimits.bytesPerPosition(model, compute);
    if (device.isPresent()) {
      long others = plan.weights() + plan.gradients() + plan.reserved();
      long most = SamplerLimits.most(device, others);
      long wanted = (long) sequences() * model.maxPositions() * position;
      return Math.max((model.maxPositions() + 1) * position, Math.min(wanted, most));
    }
    long positions = loads.stream().mapToLong(StageLoad::cached).max().orElse(0);
    if (experiment.evaluation().isPresent()) {
      Evaluation evaluation = experiment.evaluation().get();
      long asked = (long) evaluation.count() * evaluation.samples();
      double prompt = loads.stream().mapToDouble(StageLoad::prompt).max().orElse(0);
      double each = prompt + evaluation.decoding().maxTokens();
      positions = Math.max(positions, (long) (Math.min(asked, Math.max(sequences(), 1)) * each));
    }
    return Math.min(SamplerLimits.CACHE_BYTES, positions * position);
  }

  /** Completions that decode together at most. */
  private int sequences() {
    return loads.stream()
        .mapToInt(StageLoad::inFlight)
        .filter(inFlight -> inFlight > 0)
        .max()
        .orElse(SamplerLimits.DEFAULT_SEQUENCES);
  }

  /**
   * What is drawn from on a device, twice where the samples of a group begin; elsewhere it is among
   * the rest.
   */
  long logits() {
    long wanted = (long) sequences() * model.vocabulary();
    return device.isEmpty() ? 0 : 2L * Float.BYTES * Math.min(wanted, SamplerLimits.logits(device));
  }

  /** Everything, where it computes. */
  long total() {
    return holders().values().stream().mapToLong(bytes -> bytes).sum();
  }

  /** What there is: on the device what is free of it. */
  long there() {
    return device.map(DeviceRoom::free).orElseGet(DoctorCommand::physicalMemory);
  }

  boolean fits(long beside) {
    return there() == 0 || total() + beside < there();
  }

  /** In a sentence: holder by holder. */
  String sentence() {
    Map<String, Long> holders = holders();
    String parts =
        holders.entrySet().stream()
            .map(holder -> holder.getKey() + " " + Findings.bytes(holder.getValue()))
            .collect(Collectors.joining(", "));
    String where =
        device
            .map(
                room ->
                    " of the device's "
                        + Findings.bytes(room.total())
                        + ", of which "
                        + Findings.bytes(room.free())
                        + " are free")
            .orElse("");
    String host =
        plan.offloaded() == 0
            ? ""
            : "; in the host's memory " + Findings.bytes(plan.offloaded()) + " of " + offloads();
    return "about " + Findings.bytes(total()) + " at the peak" + where + ": " + parts + host;
  }

  private String offloads() {
    return Arrays.stream(Offload.values())
        .filter(what -> plan.offloaded(what) > 0)
        .map(what -> Names.kebab(what.name()))
        .collect(Collectors.joining(" and "));
  }

  /** In the order in which they are allocated; those that take nothing are left out. */
  private Map<String, Long> holders() {
    Map<String, Long> all = new LinkedHashMap<>();
    all.put("weights", plan.weights());
    all.put("gradients", plan.gradients());
    all.put("optimizer", plan.optimizer() - plan.offloaded(Offload.OPTIMIZER));
    all.put("reference", plan.reference() - plan.offloaded(Offload.REFERENCE));
    all.put("average", plan.average() - plan.offloaded(Offload.AVERAGE));
    all.put("activations", activations());
    all.put("logits", logits());
    all.put("cache", cache());
    if (device.isPresent()) {
      long inBlocks = all.values().stream().mapToLong(bytes -> bytes).sum() - cache();
      all.put("the rest", DEVICE_REST + inBlocks / BLOCKS);
    } else {
      all.put("sampling", sampling());
      all.put("kernels", kernels());
      all.put("the JVM and the rest", JVM);
    }
    all.values().removeIf(bytes -> bytes == 0);
    return all;
  }

  void report(Findings findings) {
    findings.say("memory", sentence());
    if (!fits(0)) {
      findings.problem(
          "memory: about "
              + Findings.bytes(total())
              + " are needed, "
              + (device.isPresent() ? "on the device are " : "the machine has ")
              + Findings.bytes(there())
              + (device.isPresent() ? " free" : "")
              + "; the most by "
              + largest()
              + ": "
              + remedy());
    }
    long host = DoctorCommand.physicalMemory();
    if (host > 0 && plan.offloaded() + JVM > host) {
      findings.problem(
          "memory: offload puts "
              + Findings.bytes(plan.offloaded())
              + " into the host's memory, and the machine has "
              + Findings.bytes(host)
              + "; take something out of offload");
    }
  }

  private String largest() {
    return Collections.max(holders().entrySet(), Map.Entry.comparingByValue()).getKey();
  }

  /** The key that helps most. */
  private String remedy() {
    if (device.isPresent() && DEVICE_REST > there() / 2) {
      return "free memory of the device's: nvidia-smi says who holds it";
    }
    long others = total() - activations();
    if (others < there() && activations() > there() / 10) {
      return (experiment.recomputeActivations() ? "" : "set recompute-activations: true, or ")
          + "lower micro-batch-tokens";
    }
    List<Offload> movable =
        Arrays.stream(Offload.values()).filter(what -> plan.movable(what) > 0).toList();
    if (device.isPresent() && !experiment.offload().containsAll(movable)) {
      return "set offload: "
          + movable.stream()
              .map(what -> Names.kebab(what.name()))
              .collect(Collectors.joining(", ", "[", "]"))
          + (lora.isPresent() ? "" : ", or train adapters alone with model.lora: {rank: 16}");
    }
    if (experiment.precision() == Precision.F32) {
      return "set precision: bf16" + (lora.isPresent() ? "" : ", or model.lora");
    }
    return lora.isPresent()
        ? (experiment.model().quantize().isPresent() ? "" : "set model.quantize: q8_0 or q4_k, or ")
            + "take a smaller model"
        : "train adapters alone with model.lora: {rank: 16}, "
            + (plan.optimizer() < plan.gradients() ? "" : "set moments: eight-bit in each stage, ")
            + "or take a smaller model";
  }
}
