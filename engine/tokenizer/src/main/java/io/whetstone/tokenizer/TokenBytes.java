package io.whetstone.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/**
 * The bytes that tokens stand for. GPT-2's byte-level spelling writes each byte as a printable
 * character: printable Latin-1 bytes as themselves, the others, in order, as U+0100 and up.
 */
final class TokenBytes {
  private static final int LAST_SPELLING = 0x143;

  private TokenBytes() {}

  /** Each token's bytes, null for an id without a token; empty for decoders that see neighbours. */
  static Optional<byte[][]> of(JsonNode decoder, String[] tokens) {
    return switch (decoder.path("type").asText()) {
      case "ByteLevel" -> Optional.of(map(tokens, byteOfSpelling()));
      case "Fuse" -> Optional.of(map(tokens, null));
      default -> Optional.empty();
    };
  }

  /** The character that spells a byte, for bytes 0 to 255. */
  static char[] spellingOfByte() {
    char[] spelling = new char[256];
    char next = 0x100;
    for (int b = 0; b < 256; b++) {
      boolean printable = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
      spelling[b] = printable ? (char) b : next++;
    }
    return spelling;
  }

  private static int[] byteOfSpelling() {
    int[] bytes = new int[LAST_SPELLING + 1];
    Arrays.fill(bytes, -1);
    char[] spelling = spellingOfByte();
    for (int b = 0; b < 256; b++) {
      bytes[spelling[b]] = b;
    }
    return bytes;
  }

  private static byte[][] map(String[] tokens, int[] byteOfSpelling) {
    return Arrays.stream(tokens)
        .map(token -> token == null ? null : bytes(token, byteOfSpelling))
        .toArray(byte[][]::new);
  }

  /** A token with a character that spells no byte, an added one, stands for its own UTF-8. */
  private static byte[] bytes(String token, int[] byteOfSpelling) {
    if (byteOfSpelling == null
        || token.chars().anyMatch(c -> c > LAST_SPELLING || byteOfSpelling[c] < 0)) {
      return token.getBytes(StandardCharsets.UTF_8);
    }
    byte[] bytes = new byte[token.length()];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) byteOfSpelling[token.charAt(i)];
    }
    return bytes;
  }
}
