package io.whetstone.tokenizer;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** For tokenizers whose every token stands for fixed bytes: only a cut UTF-8 sequence waits. */
final class ByteStreamingDecoder implements StreamingDecoder {
  private final byte[][] bytesOfToken;
  private final CharsetDecoder utf8 =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .onUnmappableCharacter(CodingErrorAction.REPLACE);
  private byte[] incomplete = {};

  ByteStreamingDecoder(byte[][] bytesOfToken) {
    this.bytesOfToken = bytesOfToken;
  }

  @Override
  public String add(int id) {
    if (id < 0 || id >= bytesOfToken.length || bytesOfToken[id] == null) {
      return "";
    }
    return decode(bytesOfToken[id], false);
  }

  @Override
  public String finish() {
    return decode(new byte[0], true);
  }

  private String decode(byte[] next, boolean last) {
    ByteBuffer in = ByteBuffer.allocate(incomplete.length + next.length);
    in.put(incomplete).put(next).flip();
    CharBuffer out = CharBuffer.allocate(in.remaining() + 1);
    utf8.reset();
    utf8.decode(in, out, last);
    if (last) {
      utf8.flush(out);
    }
    incomplete = new byte[in.remaining()];
    in.get(incomplete);
    return out.flip().toString();
  }
}
