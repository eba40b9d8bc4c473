package io.whetstone.gpu;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.model.FrozenTypes;
import io.whetstone.model.ModelConfig;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.DeviceRoom;
import io.whetstone.trainer.benchmark.Benchmark;
import io.whetstone.trainer.benchmark.Measurement;
import io.whetstone.trainer.benchmark.Repetitions;
import io.whetstone.trainer.benchmark.Row;
import io.whetstone.trainer.benchmark.Workload;
import io.whetstone.trainer.config.Offload;
import java.time.Duration;

/**
 * A whole GRPO step in bf16, and the forward and backward passes of a full batch as a share of the
 * arithmetic limit: six operations for each weight of the products and each row.
 */
final class Step {
  /** Beside what is counted: activations, the cache, context, temporaries. */
  private static final long BESIDE = 30L << 30;

  private static final int SEQUENCES = 16;

  /** Rows of a micro-batch of adapters: they are trained where there is little memory. */
  private static final int ADAPTED_ROWS = 2048;

  /** What is to be reached, by the 7 B shape on an H200. */
  private static final double WANTED = 0.45;

  private Step() {}

  static void halfBillion(Trial trial) throws InterruptedException {
    measure(trial, trial.small() ? Models.TINY : Models.HALF_BILLION);
  }

  static void sevenBillion(Trial trial) throws InterruptedException {
    measure(trial, trial.small() ? Models.TINY : Models.SEVEN_BILLION);
  }

  private static void measure(Trial trial, Workload model) throws InterruptedException {
    Repetitions repetitions = new Repetitions(Duration.ofSeconds(trial.small() ? 0 : 2), 2);
    ObjectNode figures = trial.figures();
    try (Backend backend = trial.open()) {
      Row.Work step = training(trial, model.model(), backend);
      boolean adapted = step == Row.Work.GRPO_STEP_LORA;
      Workload workload = adapted ? model.inMicroBatches(ADAPTED_ROWS) : model;
      try (Benchmark benchmark =
          new Benchmark(workload, step, backend, DType.BF16, FrozenTypes.NONE, true, repetitions)) {
        Measurement measured = benchmark.run(step, 0);
        double tokens =
            workload.groups() * workload.groupSize() * (double) workload.completionTokens();
        figures.put("completions", workload.groups() * workload.groupSize());
        figures.put("prompt-tokens", workload.promptTokens());
        figures.put("completion-tokens", workload.completionTokens());
        figures.put("grpo-step-seconds", measured.best());
        figures.put("completion-tokens-per-second", tokens / measured.best());
        if (step == Row.Work.GRPO_STEP) {
          passes(trial, workload, backend, benchmark);
        }
      }
    }
  }

  /** Full where it fits, else with the optimizer in the host's memory, else adapters alone. */
  private static Row.Work training(Trial trial, ModelConfig model, Backend backend) {
    ObjectNode figures = trial.figures();
    long free = backend.deviceRoom().map(DeviceRoom::free).orElse(Long.MAX_VALUE);
    long others = trial.small() ? 0 : BESIDE;
    if (18L * model.parameters() + others <= free) {
      figures.put("trained", "all weights");
      return Row.Work.GRPO_STEP;
    }
    if (10L * model.parameters() + others <= free) {
      backend.offload(Offload.OPTIMIZER.purposes());
      figures.put("trained", "all weights, the optimizer in the host's memory");
      return Row.Work.GRPO_STEP;
    }
    figures.put("trained", "adapters of rank 16 on all linear modules");
    return Row.Work.GRPO_STEP_LORA;
  }

  private static void passes(Trial trial, Workload workload, Backend backend, Benchmark benchmark)
      throws InterruptedException {
    int sequences = trial.small() ? 2 : SEQUENCES;
    Measurement measured = benchmark.run(Row.Work.FORWARD_BACKWARD, sequences);
    double operations = 6.0 * Decode.inProducts(workload.model()) * measured.best();
    trial.figures().put("forward-backward-tokens-per-second", measured.best());
    trial.figures().put("forward-backward-operations-per-second", operations);
    double limit = Limits.of(backend).bf16PerSecond();
    if (!Double.isNaN(limit)) {
      trial.figures().put("forward-backward-share-of-limit", operations / limit);
      trial.figures().put("forward-backward-share-wanted", WANTED);
    }
  }
}
