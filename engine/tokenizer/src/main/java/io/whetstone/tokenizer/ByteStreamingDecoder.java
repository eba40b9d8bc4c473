package io.whetstone.tokenizer;

/**
 * For tokenizers whose every token stands for fixed bytes: only a cut UTF-8 sequence waits.
 *
 * <p>The UTF-8 decoder of the WHATWG Encoding Standard, as Rust has it. Java's own replaces an
 * encoded surrogate by one U+FFFD where the standard wants three, which would not be what {@link
 * Tokenizer#decode} gives.
 */
final class ByteStreamingDecoder implements StreamingDecoder {
  private static final char REPLACEMENT = '\uFFFD';

  private final byte[][] bytesOfToken;

  /** Continuation bytes that the character begun still lacks; 0 when none is begun. */
  private int needed;

  private int character;

  /** What the next continuation byte may be: narrower after E0, ED, F0 and F4. */
  private int lowest = 0x80;

  private int highest = 0xBF;

  ByteStreamingDecoder(byte[][] bytesOfToken) {
    this.bytesOfToken = bytesOfToken;
  }

  @Override
  public String add(int id) {
    if (id < 0 || id >= bytesOfToken.length || bytesOfToken[id] == null) {
      return "";
    }
    StringBuilder text = new StringBuilder();
    for (byte signed : bytesOfToken[id]) {
      int b = signed & 0xFF;
      if (needed == 0) {
        begin(b, text);
      } else if (b >= lowest && b <= highest) {
        proceed(b, text);
      } else {
        text.append(REPLACEMENT);
        begin(b, text);
      }
    }
    return text.toString();
  }

  private void begin(int b, StringBuilder text) {
    needed = b < 0xC2 || b > 0xF4 ? 0 : b < 0xE0 ? 1 : b < 0xF0 ? 2 : 3;
    if (needed == 0) {
      text.append(b < 0x80 ? (char) b : REPLACEMENT);
      return;
    }
    character = b & (0x3F >> needed);
    lowest = b == 0xE0 ? 0xA0 : b == 0xF0 ? 0x90 : 0x80;
    highest = b == 0xED ? 0x9F : b == 0xF4 ? 0x8F : 0xBF;
  }

  private void proceed(int b, StringBuilder text) {
    character = character << 6 | b & 0x3F;
    lowest = 0x80;
    highest = 0xBF;
    if (--needed == 0) {
      text.appendCodePoint(character);
    }
  }

  @Override
  public String finish() {
    boolean cut = needed > 0;
    needed = 0;
    return cut ? String.valueOf(REPLACEMENT) : "";
  }
}
