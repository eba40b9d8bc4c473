package io.whetstone.model;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.whetstone.tensor.Gate;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.Segments;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;
import java.util.Map;

/** What make_golden.py wrote of one model. */
record Golden(
    @JsonProperty("config") Shape shape,
    float temperature,
    int[] lengths,
    int[] ids,
    int[] rows,
    int[] targets,
    float[] dLogprobs,
    float[] dEntropy,
    Map<String, Numbers> weights,
    float[] logprobs,
    float[] entropy,
    Map<String, Numbers> gradients,
    AdamW adamw,
    double clip,
    double[] losses,
    double[] gradientNorms) {
  record Numbers(int[] shape, String f32) {
    float[] floats() {
      byte[] bytes = Base64.getDecoder().decode(f32);
      float[] floats = new float[bytes.length / Float.BYTES];
      ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(floats);
      return floats;
    }
  }

  /** The sizes of a model of Llama's form, or of Qwen2's. */
  record Shape(
      int vocabulary,
      int hidden,
      int layers,
      Heads heads,
      int feedForward,
      Gate gate,
      double ropeTheta,
      float epsilon,
      boolean tiedEmbeddings,
      boolean attentionBias,
      int maxPositions) {}

  record AdamW(double lr, double[] betas, double eps, double weight_decay) {}

  static Golden read(String name) throws IOException {
    try (InputStream json = Golden.class.getResourceAsStream("golden-" + name + ".json")) {
      return new ObjectMapper().readValue(json, Golden.class);
    }
  }

  ModelConfig config() {
    return new ModelConfig(
        shape.vocabulary,
        shape.hidden,
        shape.layers,
        shape.heads,
        shape.feedForward,
        shape.gate,
        shape.ropeTheta,
        shape.epsilon,
        shape.tiedEmbeddings,
        shape.attentionBias,
        shape.maxPositions);
  }

  PackedTokens tokens() {
    return PackedTokens.of(ids, Segments.ofLengths(lengths));
  }

  /** Writes the golden weights into a model of this configuration. */
  void load(Transformer model) {
    model.weights().forEach((name, to) -> model.backend().write(to, weights.get(name).floats()));
    model.weightsChanged();
  }
}
