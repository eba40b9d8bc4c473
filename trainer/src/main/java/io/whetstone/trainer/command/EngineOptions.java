package io.whetstone.trainer.command;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.Capability;
import io.whetstone.tensor.DType;
import io.whetstone.trainer.config.Precision;
import java.util.Optional;
import picocli.CommandLine.Option;

/** What a verb that computes runs on. */
final class EngineOptions {
  @Option(
      names = "--backend",
      paramLabel = "NAME",
      defaultValue = "cpu",
      description = "Backend (default: ${DEFAULT-VALUE}); whetstone doctor lists them.")
  private String backend;

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "0",
      description = "Worker threads; 0, the default, for all processors.")
  private int threads;

  @Option(
      names = "--precision",
      paramLabel = "TYPE",
      description = {
        "f32 or bf16: in what products are made",
        "(default: as the model's run was trained, else f32)."
      })
  private Optional<Precision> precision;

  /** The type that was asked for. */
  Optional<DType> asked() {
    return precision.map(Precision::compute);
  }

  /** The type that was asked for, else F32. */
  DType compute() {
    return precision.orElse(Precision.F32).compute();
  }

  /** The type that was asked for, else the one the model's run was trained in, else F32. */
  DType compute(ModelDirectory model) {
    return precision
        .or(() -> model.configuration().map(run -> run.experiment().precision()))
        .orElse(Precision.F32)
        .compute();
  }

  Backend open() {
    if (threads < 0) {
      throw new UsageException("--threads: " + threads + " is not at least 0");
    }
    Backend opened = Backends.open(backend, threads);
    if (precision.equals(Optional.of(Precision.BF16))
        && !opened.capabilities().contains(Capability.BF16)) {
      opened.close();
      throw new UsageException("--precision bf16: is not there on the backend " + backend);
    }
    return opened;
  }
}
