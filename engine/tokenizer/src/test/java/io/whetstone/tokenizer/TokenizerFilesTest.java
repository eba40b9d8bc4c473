package io.whetstone.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerFilesTest {
  @TempDir Path directory;

  @BeforeEach
  void aTokenizerWithoutConfiguration() throws IOException {
    try (Tokenizer tokenizer = TokenizerBuilderTest.characters()) {
      tokenizer.save(directory);
    }
    Files.delete(directory.resolve("tokenizer_config.json"));
  }

  private void file(String name, String contents) throws IOException {
    Files.writeString(directory.resolve(name), contents);
  }

  @Test
  void endsComeFromTheTokenizerThenFromGeneration() throws IOException {
    try (Tokenizer tokenizer = Tokenizer.load(directory)) {
      assertEquals(List.of(), tokenizer.endOfSequence());
      assertEquals(OptionalInt.empty(), tokenizer.pad());
    }
    file("config.json", "{\"eos_token_id\": 5, \"pad_token_id\": null, \"bos_token_id\": 2}");
    try (Tokenizer tokenizer = Tokenizer.load(directory)) {
      assertEquals(List.of(5), tokenizer.endOfSequence());
      assertEquals(OptionalInt.of(2), tokenizer.beginningOfSequence());
    }
    file("generation_config.json", "{\"eos_token_id\": [7, 18], \"pad_token_id\": 19}");
    file("tokenizer_config.json", "{\"eos_token\": {\"content\": \"<|end|>\"}}");
    try (Tokenizer tokenizer = Tokenizer.load(directory)) {
      assertEquals(List.of(18, 7), tokenizer.endOfSequence());
      assertEquals(OptionalInt.of(19), tokenizer.pad());
    }
  }

  @Test
  void whatWasReadIsWrittenUnchanged() throws IOException {
    file("tokenizer_config.json", "{\"eos_token\":\"<|end|>\",\"chat_template\":\"{{ x }}\"}");
    file("chat_template.jinja", "{{ messages }}\n");
    Path copy = directory.resolve("copy");
    String sha256;
    try (Tokenizer tokenizer = Tokenizer.load(directory)) {
      tokenizer.save(copy);
      sha256 = tokenizer.sha256();
    }
    for (String name : List.of("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")) {
      assertArrayEquals(
          Files.readAllBytes(directory.resolve(name)),
          Files.readAllBytes(copy.resolve(name)),
          name);
    }
    try (Tokenizer tokenizer = Tokenizer.load(copy)) {
      assertEquals(sha256, tokenizer.sha256());
      assertEquals(List.of(18), tokenizer.endOfSequence());
    }
  }

  @Test
  void eachBadFileIsNamed() throws IOException {
    file("tokenizer_config.json", "{\"eos_token\": \"<eos>\"}");
    refused("the eos_token \"<eos>\" of tokenizer_config.json is not in the vocabulary");
    file("tokenizer_config.json", "{\"eos_token\": ");
    refused("tokenizer_config.json: not valid JSON");
    file("tokenizer_config.json", "{}");
    file(
        "tokenizer.json",
        "{\"added_tokens\": [{\"id\": 7, \"content\": \"%s\"}]}".formatted("x".repeat(5_000)));
    refused("tokenizer.json: added_tokens: the token of id 7 has 5,000 characters, at most 4,096");
    file("tokenizer.json", "{\"model\": {\"type\": \"WordLevel\"}}");
    refused("tokenizer.json");
    file("tokenizer.json", "[]");
    refused("expected a JSON object, got ARRAY");
    // Where these are in its decoder, the tokenizers library would end the process.
    String decoder = "{\"model\": {}, \"decoder\": {\"type\": \"Fuse\", \"x\": %s}}";
    file("tokenizer.json", decoder.formatted("1e999"));
    refused("a number is larger");
    file("tokenizer.json", decoder.formatted("\"\\ud800\""));
    refused("half of a character");
    file("tokenizer.json", decoder.formatted("[".repeat(200) + "]".repeat(200)));
    refused("not valid JSON");
    file(
        "tokenizer.json",
        "{\"model\": {\"continuing_subword_prefix\": \"##\", \"merges\": [[\"a\", \"b\"]]}}");
    refused("continuing_subword_prefix");
    file("tokenizer.json", decoder.formatted("1") + "1");
    refused("not valid JSON");
    Files.delete(directory.resolve("tokenizer.json"));
    refused("tokenizer.json: no such file");
  }

  private void refused(String message) {
    TokenizerException e =
        assertThrows(TokenizerException.class, () -> Tokenizer.load(directory).close());
    assertTrue(e.getMessage().contains(message), e.getMessage());
  }
}
