package io.whetstone.checkpoints;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.whetstone.model.PackedTokens;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.Segments;
import io.whetstone.tensor.Workspace;
import java.io.IOException;
import java.io.InputStream;

/** Next-token distributions: a model's, and those that transformers recorded. */
final class Distributions {
  private static final float TOLERANCE = 1e-4f;

  private Distributions() {}

  /**
   * @param golden has {@code ids} and, for each, {@code logprobs} over the vocabulary
   */
  static void requireSame(JsonNode golden, Transformer model) {
    int[] ids = ints(golden.get("ids"));
    float[][] actual = logprobs(model, ids);
    assertEquals(ids.length, golden.get("logprobs").size());
    for (int i = 0; i < ids.length; i++) {
      assertArrayEquals(floats(golden.get("logprobs").get(i)), actual[i], TOLERANCE, "row " + i);
    }
  }

  /** For each position, log-softmax over the vocabulary. */
  static float[][] logprobs(Transformer model, int[] ids) {
    int vocabulary = model.config().vocabulary();
    int[] rows = new int[ids.length * vocabulary];
    int[] targets = new int[rows.length];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = i / vocabulary;
      targets[i] = i % vocabulary;
    }
    PackedTokens tokens = PackedTokens.of(ids, Segments.ofLengths(ids.length));
    float[][] logprobs = new float[ids.length][vocabulary];
    try (Workspace workspace = model.backend().workspace("distributions")) {
      float[] flat = model.evaluate(tokens, rows, targets, 1, workspace).logprobs();
      for (int i = 0; i < ids.length; i++) {
        System.arraycopy(flat, i * vocabulary, logprobs[i], 0, vocabulary);
      }
    }
    return logprobs;
  }

  static JsonNode resource(String name) throws IOException {
    try (InputStream in = Distributions.class.getResourceAsStream(name)) {
      return new ObjectMapper().readTree(in);
    }
  }

  static int[] ints(JsonNode node) {
    int[] values = new int[node.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = node.get(i).intValue();
    }
    return values;
  }

  static float[] floats(JsonNode node) {
    float[] values = new float[node.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = node.get(i).floatValue();
    }
    return values;
  }
}
