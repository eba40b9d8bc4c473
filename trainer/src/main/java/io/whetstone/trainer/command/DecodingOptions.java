package io.whetstone.trainer.command;

import io.whetstone.trainer.config.Decoding;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** How completions are drawn, where the command line says so. */
final class DecodingOptions {
  @Option(names = "--max-tokens", paramLabel = "N", description = "Longest completion, in tokens.")
  private Optional<Integer> maxTokens;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description = "Logits are divided by it; 0 takes the likeliest token (default: 1).")
  private Optional<Double> temperature;

  @Option(names = "--top-k", paramLabel = "K", description = "Draw among the K likeliest.")
  private Optional<Integer> topK;

  @Option(names = "--top-p", paramLabel = "P", description = "Draw among the likeliest up to P.")
  private Optional<Double> topP;

  @Option(
      names = "--min-p",
      paramLabel = "P",
      description = "Leave out what is below P times the likeliest.")
  private Optional<Double> minP;

  @Option(names = "--stop", paramLabel = "TEXT", description = "A string that ends a completion.")
  private List<String> stop = new ArrayList<>();

  /** What was asked for, the rest as in {@code otherwise}. */
  Decoding over(Decoding otherwise) {
    return new Decoding(
        maxTokens.orElse(otherwise.maxTokens()),
        temperature.orElse(otherwise.temperature()),
        topK.orElse(otherwise.topK()),
        topP.orElse(otherwise.topP()),
        minP.orElse(otherwise.minP()),
        stop.isEmpty() ? otherwise.stop() : stop);
  }
}
