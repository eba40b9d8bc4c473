package io.whetstone.checkpoints.gguf;

import io.whetstone.checkpoints.CheckpointException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** A place in a GGUF file's header that moves on; nothing is read past the file's end. */
final class GgufCursor {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** A chat template has some thousand bytes; a string beyond this is a corrupt length. */
  private static final long LONGEST = 16 << 20;

  private final String file;
  private final MemorySegment bytes;
  private long at;

  /**
   * @param file named in errors
   */
  GgufCursor(String file, MemorySegment bytes) {
    this.file = file;
    this.bytes = bytes;
  }

  long at() {
    return at;
  }

  long remaining() {
    return bytes.byteSize() - at;
  }

  /** Moves on over so many bytes and says where they begin. */
  private long take(long count, String what) {
    if (count > remaining()) {
      throw new CheckpointException(
          String.format(
              "%s: truncated, or corrupt: %s at byte %,d goes past the end, at %,d",
              file, what, at, bytes.byteSize()));
    }
    long from = at;
    at += count;
    return from;
  }

  byte int8(String what) {
    return bytes.get(ValueLayout.JAVA_BYTE, take(1, what));
  }

  short int16(String what) {
    return bytes.get(SHORT, take(2, what));
  }

  int int32(String what) {
    return bytes.get(INT, take(4, what));
  }

  long int64(String what) {
    return bytes.get(LONG, take(8, what));
  }

  /**
   * A number of things that follow.
   *
   * @param least bytes that each of them takes at least
   */
  int count(String what, int least) {
    long from = at;
    long count = int64(what);
    if (count < 0 || count > remaining() / least) {
      throw new CheckpointException(
          String.format(
              "%s: truncated, or corrupt: %s at byte %,d is %s, which the %,d bytes after it cannot"
                  + " hold",
              file, what, from, Long.toUnsignedString(count), remaining()));
    }
    return Math.toIntExact(count);
  }

  String string(String what) {
    long from = at;
    long length = int64(what + "'s length");
    if (length < 0 || length > LONGEST) {
      throw new CheckpointException(
          String.format(
              "%s: corrupt: %s at byte %,d has a length of %s, at most %,d is expected",
              file, what, from, Long.toUnsignedString(length), LONGEST));
    }
    byte[] text = bytes.asSlice(take(length, what), length).toArray(ValueLayout.JAVA_BYTE);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(java.nio.ByteBuffer.wrap(text)).toString();
    } catch (CharacterCodingException e) {
      throw new CheckpointException(
          String.format("%s: corrupt: %s at byte %,d is not UTF-8", file, what, from), e);
    }
  }
}
