package io.whetstone.tokenizer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Reads JSON that the tokenizers library, too, takes for JSON. Where it meets something else, in
 * some places it does not say so but ends the process, and the JVM with it.
 */
final class StrictJson {
  /** The library's is 128. */
  private static final int DEEPEST = 100;

  private static final ObjectMapper JSON =
      new ObjectMapper(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxNestingDepth(DEEPEST).build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private StrictJson() {}

  /**
   * @throws IOException saying what is no JSON, or more than the library reads
   */
  static JsonNode parse(byte[] bytes) throws IOException {
    StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
    JsonNode root = JSON.readTree(bytes);
    requireReadable(root);
    return root;
  }

  private static void requireReadable(JsonNode node) throws IOException {
    if (node.isNumber() && !Double.isFinite(node.doubleValue())) {
      throw new IOException("a number is larger than any that can be read");
    }
    if (node.isTextual()) {
      requireWhole(node.textValue());
    }
    for (var entry : node.properties()) {
      requireWhole(entry.getKey());
      requireReadable(entry.getValue());
    }
    if (node.isArray()) {
      for (JsonNode element : node) {
        requireReadable(element);
      }
    }
  }

  private static void requireWhole(String text) throws IOException {
    for (int i = 0; i < text.length(); i++) {
      boolean pair =
          i + 1 < text.length() && Character.isSurrogatePair(text.charAt(i), text.charAt(i + 1));
      if (pair) {
        i++;
      } else if (Character.isSurrogate(text.charAt(i))) {
        throw new IOException("a text has half of a character, a lone surrogate");
      }
    }
  }
}
