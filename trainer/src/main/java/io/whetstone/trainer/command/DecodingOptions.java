package io.whetstone.trainer.command;

import io.whetstone.datasets.settings.Settings;
import io.whetstone.trainer.config.Decoding;
import io.whetstone.trainer.config.Thinking;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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

  @Option(
      names = "--top-p",
      paramLabel = "P",
      description = "Draw among the likeliest up to P, of what --top-k leaves.")
  private Optional<Double> topP;

  @Option(
      names = "--min-p",
      paramLabel = "P",
      description = "Leave out what is below P times the likeliest.")
  private Optional<Double> minP;

  @Option(names = "--stop", paramLabel = "TEXT", description = "A string that ends a completion.")
  private List<String> stop = new ArrayList<>();

  @Option(
      names = "--think-again",
      paramLabel = "N",
      description =
          "Budget forcing: the first N times the model ends its thought (or the sequence, while it"
              + " thinks), the word of --think-word is put in instead (default: 0).")
  private Optional<Integer> again;

  @Option(
      names = "--think-at-most",
      paramLabel = "N",
      description = "After N tokens of thought its end is put in, and the answer follows.")
  private Optional<Integer> most;

  @Option(
      names = "--think-word",
      paramLabel = "TEXT",
      description = "What --think-again puts in (default: Wait).")
  private Optional<String> word;

  @Option(
      names = "--think-end",
      paramLabel = "TEXT",
      description = "What ends a thought (default: </think>).")
  private Optional<String> end;

  /** What was asked for, the rest as in {@code otherwise}. */
  Decoding over(Decoding otherwise) {
    return new Decoding(
        maxTokens.orElse(otherwise.maxTokens()),
        temperature.orElse(otherwise.temperature()),
        topK.orElse(otherwise.topK()),
        topP.orElse(otherwise.topP()),
        minP.orElse(otherwise.minP()),
        stop.isEmpty() ? otherwise.stop() : stop,
        thinking(otherwise.thinking()));
  }

  private Optional<Thinking> thinking(Optional<Thinking> otherwise) {
    if (again.isEmpty() && most.isEmpty() && word.isEmpty() && end.isEmpty()) {
      return otherwise;
    }
    Thinking base = otherwise.orElseGet(() -> Settings.read(Map.of(), Thinking.class, ""));
    return Optional.of(
        new Thinking(
            end.orElse(base.end()),
            word.orElse(base.again()),
            again.orElse(base.times()),
            most.or(base::mostTokens)));
  }
}
