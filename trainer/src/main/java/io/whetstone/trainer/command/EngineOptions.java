package io.whetstone.trainer.command;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.Capability;
import io.whetstone.tensor.DType;
import io.whetstone.trainer.config.Precision;
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
      defaultValue = "f32",
      description = "f32 or bf16: in what products are made (default: ${DEFAULT-VALUE}).")
  private Precision precision;

  /** The type that products are made in. */
  DType compute() {
    return precision.compute();
  }

  Backend open() {
    if (threads < 0) {
      throw new UsageException("--threads: " + threads + " is not at least 0");
    }
    Backend opened = Backends.open(backend, threads);
    if (precision == Precision.BF16 && !opened.capabilities().contains(Capability.BF16)) {
      opened.close();
      throw new UsageException("--precision bf16: is not there on the backend " + backend);
    }
    return opened;
  }
}
