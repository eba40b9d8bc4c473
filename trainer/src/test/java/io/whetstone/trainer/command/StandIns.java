package io.whetstone.trainer.command;

import io.whetstone.checkpoints.HuggingFaceModel;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.trainer.config.Configuration;
import io.whetstone.trainer.loop.Policy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * What stands in for models and data at the hub where a shipped configuration is tried: a random
 * model of two layers that reads bytes, and directories with a few rows in the data sets' own
 * columns, configurations and splits. All else in the configuration stays.
 */
record StandIns(Path directory) {
  private static final Pattern MODEL = Pattern.compile("(?m)^  path: [\\w.-]+/[\\w.-]+$");
  private static final Pattern DATA = Pattern.compile("(?m)^( +)hub: (\\S+)$");

  /** A configuration in which nothing is at the hub; the same one if it is so already. */
  Path localized(Path configuration) throws IOException {
    String text = Files.readString(configuration);
    String local = text;
    if (MODEL.matcher(local).find()) {
      local = MODEL.matcher(local).replaceAll("  path: " + Matcher.quoteReplacement(model()));
    }
    local =
        DATA.matcher(local)
            .replaceAll(
                match ->
                    match.group(1) + "path: " + Matcher.quoteReplacement(data(match.group(2))));
    if (local.equals(text)) {
      return configuration;
    }
    return Files.writeString(directory.resolve(configuration.getFileName()), local);
  }

  private String model() throws IOException {
    Path path = directory.resolve("model");
    if (!Files.exists(path)) {
      Path shape = directory.resolve("shape.yaml");
      Files.writeString(
          shape,
          """
          name: shape
          model:
            from-scratch:
              hidden: 32
              layers: 2
              heads: 2
              feed-forward: 64
              max-positions: 2048
              vocabulary: {bytes: true}
          stages:
            - sft: {data: {synthetic: {sums: {}}}, steps: 1, batch: 1, learning-rate: 1e-3}
          """);
      var experiment = Configuration.load(shape, List.of()).experiment();
      try (Backend backend = Backends.open("cpu", 1);
          Policy policy =
              Policy.fromScratch(
                  experiment.model().fromScratch().orElseThrow(), backend, DType.F32, 3)) {
        HuggingFaceModel.save(
            path,
            policy.model().config(),
            policy.model().weights(),
            DType.F32,
            backend,
            policy.tokenizer());
      }
    }
    return path.toString();
  }

  private String data(String name) {
    Path path = directory.resolve(name.replace('/', '-'));
    String row =
        switch (name) {
          case "openai/gsm8k" ->
              "{\"question\": \"What is %1$d + 1?\", \"answer\": \"Add.\\n#### %2$d\"}";
          case "DigitalLearningGmbH/MATH-lighteval" ->
              "{\"problem\": \"Find $%1$d + 1$.\", \"level\": \"Level 3\", \"type\": \"Algebra\","
                  + " \"solution\": \"It is $\\\\boxed{%2$d}$.\"}";
          default -> throw new IllegalArgumentException(name + ": has no stand-in yet");
        };
    try {
      Files.createDirectories(path);
      Files.writeString(
          path.resolve("README.md"),
          """
          ---
          configs:
          - config_name: main
            data_files:
            - {split: train, path: train.jsonl}
            - {split: test, path: test.jsonl}
          ---
          """);
      Files.write(
          path.resolve("train.jsonl"),
          IntStream.range(0, 8).mapToObj(i -> row.formatted(i, i + 1)).toList());
      Files.write(
          path.resolve("test.jsonl"),
          IntStream.range(8, 16).mapToObj(i -> row.formatted(i, i + 1)).toList());
      return path.toString();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
