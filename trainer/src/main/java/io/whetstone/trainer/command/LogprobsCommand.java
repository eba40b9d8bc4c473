package io.whetstone.trainer.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.datasets.DatasetException;
import io.whetstone.datasets.JsonLines;
import io.whetstone.model.PackedTokens;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Segments;
import io.whetstone.tensor.Workspace;
import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Logprobs of given token ids. */
@Command(
    name = "logprobs",
    description = {
      "Logprobs (nats) of given tokens, teacher-forced, at temperature 1.",
      "Each line {\"ids\": [...]} becomes {\"logprobs\": [...]}, one for each id after the first."
    })
final class LogprobsCommand implements Callable<Integer> {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Console console;

  @Parameters(paramLabel = "MODEL", description = "A run, a checkpoint or a model's directory.")
  private String model;

  @Option(
      names = "--ids",
      paramLabel = "F.jsonl",
      required = true,
      description = "The lines; - for standard input.")
  private String file;

  @Mixin private EngineOptions engine;

  LogprobsCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    ModelDirectory directory = ModelDirectory.find(model, ModelDirectory.Which.LATEST);
    try (JsonLines lines = new JsonLines(InputFile.open(file));
        Backend backend = engine.open();
        Transformer policy = directory.transformer(backend, engine.compute(directory));
        Workspace workspace = backend.workspace("logprobs")) {
      directory.caution(policy).ifPresent(console::note);
      for (JsonLines.Line line = lines.next(); line != null; line = lines.next()) {
        int[] ids = ids(line, policy);
        console.result(JSON.writeValueAsString(answer(policy, ids, workspace)));
        workspace.reset();
        if (!console.flush()) {
          break;
        }
      }
      return Whetstone.DONE;
    }
  }

  private static ObjectNode answer(Transformer policy, int[] ids, Workspace workspace) {
    int n = ids.length - 1;
    int[] rows = new int[n];
    Arrays.setAll(rows, i -> i);
    // The last id is only predicted, so that a sequence may be one longer than the positions.
    int[] inputs = Arrays.copyOf(ids, n);
    int[] targets = Arrays.copyOfRange(ids, 1, ids.length);
    ObjectNode answer = JSON.createObjectNode();
    ArrayNode logprobs = answer.putArray("logprobs");
    if (n > 0) {
      PackedTokens tokens = PackedTokens.of(inputs, Segments.ofLengths(n));
      for (float logprob : policy.evaluate(tokens, rows, targets, 1, workspace).logprobs()) {
        logprobs.add(logprob);
      }
    }
    return answer;
  }

  private int[] ids(JsonLines.Line line, Transformer policy) {
    String where = InputFile.name(file) + ":" + line.number() + ": ";
    JsonNode node;
    try {
      node = JsonLines.parse(line).get("ids");
    } catch (DatasetException e) {
      throw new DatasetException(where + e.getMessage(), e);
    }
    if (node == null || !node.isArray() || node.isEmpty()) {
      throw new DatasetException(
          where
              + "ids: "
              + (node == null ? "is missing" : node)
              + "; expected a list of token ids");
    }
    int vocabulary = policy.config().vocabulary();
    int[] ids = new int[node.size()];
    for (int i = 0; i < ids.length; i++) {
      JsonNode id = node.get(i);
      if (!id.canConvertToInt()
          || !id.isIntegralNumber()
          || id.intValue() < 0
          || id.intValue() >= vocabulary) {
        throw new DatasetException(
            where + "ids[" + i + "]: " + id + " is not a token id in [0, " + vocabulary + ")");
      }
      ids[i] = id.intValue();
    }
    int positions = policy.config().maxPositions();
    if (ids.length - 1 > positions) {
      throw new DatasetException(
          where + "ids: " + ids.length + " are more than the model's " + positions + " positions");
    }
    return ids;
  }
}
