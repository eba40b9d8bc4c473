package io.whetstone.trainer.benchmark;

import java.util.List;

/** The rows of {@code bench}: their names are fixed. */
public enum Row {
  TINY_GENERATE(Workload.TINY, Work.GENERATE, 64, "generate-64"),
  TINY_TRAIN(Workload.TINY, Work.FORWARD_BACKWARD, 64, "forward-backward"),
  TINY_STEP(Workload.TINY, Work.GRPO_STEP, 64, "grpo-step"),
  QWEN_PREFILL(Workload.QWEN, Work.PREFILL, 8, "prefill-8x128"),
  QWEN_GENERATE_1(Workload.QWEN, Work.GENERATE, 1, "generate-1"),
  QWEN_GENERATE_8(Workload.QWEN, Work.GENERATE, 8, "generate-8"),
  QWEN_GENERATE_32(Workload.QWEN, Work.GENERATE, 32, "generate-32"),
  QWEN_TRAIN(Workload.QWEN, Work.FORWARD_BACKWARD, 8, "forward-backward"),
  QWEN_STEP(Workload.QWEN, Work.GRPO_STEP, 8, "grpo-step"),
  QWEN_STEP_LORA(Workload.QWEN, Work.GRPO_STEP_LORA, 8, "grpo-step-lora");

  /** A kind of work. */
  public enum Work {
    /** Prompts only, and the first token of each. */
    PREFILL,
    /** Decoding and sampling; the prompts' computation is not counted. */
    GENERATE,
    /** Logprobs of every token and all gradients. */
    FORWARD_BACKWARD,
    /** Rollouts, rewards, advantages, gradients, AdamW: everything a step of training does. */
    GRPO_STEP,
    /** The same of adapters of rank 16 on all linear modules, the weights frozen. */
    GRPO_STEP_LORA;

    boolean trains() {
      return this == FORWARD_BACKWARD || this == GRPO_STEP || this == GRPO_STEP_LORA;
    }
  }

  final int sequences;
  private final Workload workload;
  private final Work work;
  private final String suffix;

  Row(Workload workload, Work work, int sequences, String suffix) {
    this.workload = workload;
    this.work = work;
    this.sequences = sequences;
    this.suffix = suffix;
  }

  /** {@code tiny/generate-64}. */
  public String title() {
    return workload.name() + "/" + suffix;
  }

  public Workload workload() {
    return workload;
  }

  public Work work() {
    return work;
  }

  /** Whether gradients are needed, and the memory they take. */
  public boolean trains() {
    return work.trains();
  }

  /** Whether the weights themselves are trained, which then cannot be quantised. */
  public boolean trainsWeights() {
    return trains() && !adapted();
  }

  /** Whether adapters are all that is trained. */
  boolean adapted() {
    return work == Work.GRPO_STEP_LORA;
  }

  /** Whether both are measured on one and the same model. */
  public boolean sharesModelWith(Row other) {
    return workload == other.workload && trains() == other.trains() && adapted() == other.adapted();
  }

  /** The rows of that name or below it: {@code tiny} are three. */
  public static List<Row> named(String name) {
    return List.of(values()).stream()
        .filter(row -> row.title().equals(name) || row.title().startsWith(name + "/"))
        .toList();
  }
}
