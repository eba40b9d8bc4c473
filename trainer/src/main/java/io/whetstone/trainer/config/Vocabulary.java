package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The tokens of a model made from scratch: one a character, or one a byte of UTF-8. Beginning and
 * end of sequence and padding are added to either.
 *
 * @param characters every character the model can read or write, each a token
 * @param bytes all 256 bytes instead, so that any text can be read and written
 * @param special strings that are one token each
 * @param chatTemplate a file with a chat template in Jinja; the tokens it writes belong into {@code
 *     special}
 */
public record Vocabulary(
    Optional<String> characters,
    @Default(value = "false", source = "characters, when given, are the smaller vocabulary")
        boolean bytes,
    @Default(
            value = "[\"<think>\", \"</think>\", \"<answer>\", \"</answer>\"]",
            source = "DeepSeek-R1, Guo et al. 2025, table 1")
        List<String> special,
    Optional<Path> chatTemplate) {

  /** Without a chat template. */
  public Vocabulary(Optional<String> characters, boolean bytes, List<String> special) {
    this(characters, bytes, special, Optional.empty());
  }

  public Vocabulary {
    if (characters.isPresent() == bytes) {
      throw new IllegalArgumentException(
          (bytes ? "both" : "none") + " of characters and bytes given; expected exactly one");
    }
    Set<Object> seen = new HashSet<>();
    characters.ifPresent(
        text ->
            text.codePoints()
                .forEach(
                    c -> {
                      if (!seen.add(c)) {
                        throw new IllegalArgumentException(
                            "characters: \"" + Character.toString(c) + "\" is there twice");
                      }
                    }));
    for (String token : special) {
      if (token.isEmpty() || !seen.add(token)) {
        throw new IllegalArgumentException(
            "special: \"" + token + "\" is " + (token.isEmpty() ? "empty" : "there twice"));
      }
    }
    special = List.copyOf(special);
  }
}
