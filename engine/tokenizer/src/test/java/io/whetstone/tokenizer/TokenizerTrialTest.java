package io.whetstone.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What ends the tokenizers library's process ends another one than ours. */
class TokenizerTrialTest {
  @TempDir Path directory;

  private Path file() {
    return directory.resolve("tokenizer.json");
  }

  private static String good(String name) throws IOException {
    try (InputStream in = TokenizerTrialTest.class.getResourceAsStream(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private Path written(String text) throws IOException {
    return Files.writeString(file(), text);
  }

  /** Merges whose second part lacks the prefix that the library takes off it. */
  private static String deadly() throws IOException {
    String text = good("qwen.json");
    String damaged =
        text.replaceFirst(
            "\"continuing_subword_prefix\"\\s*:\\s*(null|\"\")",
            "\"continuing_subword_prefix\": \"##########\"");
    assertFalse(damaged.equals(text), "there was nothing to damage");
    return damaged;
  }

  @ParameterizedTest
  @ValueSource(strings = {"bytes.json", "qwen.json", "sentencepiece.json"})
  void soundFilesAreRead(String name) throws IOException {
    assertTrue(TokenizerTrial.isRead(written(good(name))));
  }

  @Test
  void whatEndsTheProcessIsOneMessage() throws IOException {
    Path file = written(deadly());
    String message =
        assertThrows(TokenizerException.class, () -> TokenizerTrial.isRead(file)).getMessage();
    assertTrue(message.startsWith(file + ": "), message);
    assertTrue(message.contains("ended the process that read it ("), message);
    assertTrue(message.contains("save_pretrained"), message);
  }

  @Test
  void whatTheLibraryRefusesIsLeftToIt() throws IOException {
    assertFalse(TokenizerTrial.isRead(written("{\"model\": {}}")));
    assertFalse(TokenizerTrial.isRead(written("")));
  }

  @Test
  void aFileIsTriedOnce() throws IOException {
    Path place = directory.resolve("trials");
    TokenizerFiles good = TokenizerFiles.read(written(good("qwen.json")).getParent());
    TokenizerTrial trial = new TokenizerTrial(place);
    trial.require(file(), good);
    try (Stream<Path> known = Files.list(place)) {
      assertEquals(1, known.count());
    }
    // Another file in its place would not be read: so it is not tried again.
    written(deadly());
    trial.require(file(), good);
    TokenizerFiles other = TokenizerFiles.of("other", good.definition().deepCopy(), null, null);
    assertThrows(TokenizerException.class, () -> trial.require(file(), other));
  }
}
