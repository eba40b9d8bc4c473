package io.whetstone.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against what Python's tokenizers makes of the same files; see src/test/python. */
class GoldenTokenizerTest {
  @TempDir Path directory;

  private Tokenizer fixture(String name) throws IOException {
    Files.write(directory.resolve("tokenizer.json"), resource(name + ".json"));
    return Tokenizer.load(directory);
  }

  private static byte[] resource(String name) throws IOException {
    try (InputStream in = GoldenTokenizerTest.class.getResourceAsStream(name)) {
      return in.readAllBytes();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"characters", "bytes", "qwen", "llama3", "sentencepiece"})
  void idsAndTextAreThoseOfPython(String name) throws IOException {
    JsonNode rows = new ObjectMapper().readTree(resource("golden.json")).get(name);
    assertFalse(rows.isEmpty());
    try (Tokenizer tokenizer = fixture(name)) {
      for (JsonNode row : rows) {
        String text = row.get("text").asText();
        int[] expected = ints(row.get("ids"));
        assertArrayEquals(expected, tokenizer.encode(text), text);
        assertEquals(row.get("decoded").asText(), tokenizer.decode(expected), text);
        assertEquals(row.get("decoded").asText(), streamed(tokenizer, expected), text);
      }
    }
  }

  /** Random ids cut characters everywhere, and are what an untrained model writes. */
  @ParameterizedTest
  @ValueSource(strings = {"characters", "bytes", "qwen", "llama3", "sentencepiece"})
  void streamingGivesTheSameTextAsDecodingAtOnce(String name) throws IOException {
    Random random = new Random(7);
    try (Tokenizer tokenizer = fixture(name)) {
      for (int round = 0; round < 300; round++) {
        int[] ids = random.ints(random.nextInt(1, 40), 0, tokenizer.size() + 3).toArray();
        assertEquals(tokenizer.decode(ids), streamed(tokenizer, ids));
      }
    }
  }

  private static String streamed(Tokenizer tokenizer, int[] ids) {
    StreamingDecoder decoder = tokenizer.streamingDecoder();
    StringBuilder text = new StringBuilder();
    for (int id : ids) {
      text.append(decoder.add(id));
    }
    return text.append(decoder.finish()).toString();
  }

  @Test
  void theBuilderMakesTheFilesThatPythonRead() throws IOException {
    try (Tokenizer characters = TokenizerBuilderTest.characters();
        Tokenizer bytes = TokenizerBuilderTest.bytes()) {
      characters.save(directory.resolve("characters"));
      bytes.save(directory.resolve("bytes"));
    }
    for (String name : new String[] {"characters", "bytes"}) {
      Path saved = directory.resolve(name);
      assertArrayEquals(
          resource(name + ".json"), Files.readAllBytes(saved.resolve("tokenizer.json")));
      assertArrayEquals(
          resource("tokenizer_config.json"),
          Files.readAllBytes(saved.resolve("tokenizer_config.json")));
    }
  }

  private static int[] ints(JsonNode node) {
    int[] values = new int[node.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = node.get(i).intValue();
    }
    return values;
  }
}
