package io.whetstone.trainer.command;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Which fields of a JSONL file hold what. */
final class FieldOptions {
  @Option(
      names = "--prompt-field",
      paramLabel = "NAME",
      defaultValue = "prompt",
      description = "Field with the prompt, or a template (default: ${DEFAULT-VALUE}).")
  private String prompt;

  @Option(
      names = "--answer-field",
      paramLabel = "NAME",
      defaultValue = "answer",
      description = "Field with the gold answer (default: ${DEFAULT-VALUE}).")
  private String answer;

  @Option(
      names = "--answer-after",
      paramLabel = "MARKER",
      description = "The answer is what follows this in the field (GSM8K: ####).")
  private Optional<String> after;

  /** Settings of a file whose every task is to be measured. */
  Map<String, Object> settings(String path) {
    Map<String, Object> from = new HashMap<>(Map.of("from", answer));
    after.ifPresent(marker -> from.put("after", marker));
    return Map.of(
        "path", path, "prompt", prompt, "answer", from, "held-out", "all", "shuffle", false);
  }
}
