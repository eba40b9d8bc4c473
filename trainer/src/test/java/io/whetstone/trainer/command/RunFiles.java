package io.whetstone.trainer.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/**
 * What of a run must be the same bytes each time: the final weights, the metrics without clocks and
 * memory, the rollouts.
 */
record RunFiles(String weights, List<String> metrics, SortedMap<String, String> rollouts) {
  private static final ObjectMapper JSON = new ObjectMapper();

  static RunFiles of(Path run) throws IOException {
    SortedMap<String, String> rollouts = new TreeMap<>();
    try (Stream<Path> files = Files.list(run.resolve("rollouts"))) {
      for (Path file : files.toList()) {
        rollouts.put(
            file.getFileName().toString(),
            java.util.HexFormat.of().formatHex(Files.readAllBytes(file)));
      }
    }
    return new RunFiles(summary(run).get("weights-sha256").asText(), metrics(run), rollouts);
  }

  static JsonNode summary(Path run) throws IOException {
    return JSON.readTree(Files.readAllBytes(run.resolve("summary.json")));
  }

  /** The lines of metrics, less what may differ. */
  static List<String> metrics(Path run) throws IOException {
    List<String> lines = new ArrayList<>();
    for (String line : Files.readAllLines(run.resolve("metrics.jsonl"))) {
      ObjectNode node = (ObjectNode) JSON.readTree(line);
      List<String> clocks = new ArrayList<>();
      node.fieldNames()
          .forEachRemaining(
              key -> {
                if (key.equals("time") || key.startsWith("time/") || key.startsWith("system/")) {
                  clocks.add(key);
                }
              });
      node.remove(clocks);
      lines.add(node.toString());
    }
    return lines;
  }

  /** The lines of every step's rollouts. */
  static List<JsonNode> completions(Path run) throws IOException {
    List<JsonNode> all = new ArrayList<>();
    try (Stream<Path> files = Files.list(run.resolve("rollouts"))) {
      for (Path file : files.sorted().toList()) {
        all.addAll(lines(file));
      }
    }
    return all;
  }

  /** The lines of one step's rollouts. */
  static List<JsonNode> completions(Path run, String step) throws IOException {
    return lines(run.resolve("rollouts").resolve(step + ".jsonl.gz"));
  }

  private static List<JsonNode> lines(Path file) throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(
                new GZIPInputStream(Files.newInputStream(file)), StandardCharsets.UTF_8))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        lines.add(JSON.readTree(line));
      }
    }
    return lines;
  }

  /** The values of a key over the steps that have it. */
  static List<Double> values(Path run, String key) throws IOException {
    List<Double> values = new ArrayList<>();
    for (String line : metrics(run)) {
      JsonNode node = JSON.readTree(line);
      if (node.has(key)) {
        values.add(node.get(key).asDouble());
      }
    }
    return values;
  }
}
