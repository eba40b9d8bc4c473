package io.whetstone.trainer.command;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
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

  Backend open() {
    if (threads < 0) {
      throw new UsageException("--threads: " + threads + " is not at least 0");
    }
    return Backends.open(backend, threads);
  }
}
