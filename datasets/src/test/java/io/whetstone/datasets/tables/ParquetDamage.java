package io.whetstone.datasets.tables;

import io.whetstone.fuzz.Damage;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.random.RandomGenerator;

/**
 * Changes bytes of a Parquet file's footer, where all of its schema, counts and offsets are, or of
 * the pages' headers, and has the footer's length right, so that it is read.
 */
final class ParquetDamage implements Damage {
  /** The footer's length and the magic number. */
  private static final int TAIL = 8;

  @Override
  public byte[] of(byte[] file, RandomGenerator random) {
    ByteBuffer whole = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    int footer = whole.getInt(file.length - TAIL);
    int start = file.length - TAIL - footer;
    byte[] bytes = file.clone();
    int times = 1 + random.nextInt(3);
    for (int i = 0; i < times; i++) {
      int at = random.nextInt(4) == 0 ? random.nextInt(start) : start + random.nextInt(footer);
      bytes[at] =
          (byte)
              switch (random.nextInt(5)) {
                case 0 -> bytes[at] + 1;
                case 1 -> bytes[at] - 1;
                case 2 -> bytes[at] ^ 1 << random.nextInt(8);
                case 3 -> 0xff; // more of a number follows
                default -> random.nextInt(256);
              };
    }
    if (random.nextInt(3) > 0) {
      return bytes;
    }
    // A byte of the footer twice, or left out: a number of another width, a field too many.
    int at = start + random.nextInt(footer);
    int more = random.nextBoolean() ? 1 : -1;
    byte[] moved = new byte[bytes.length + more];
    System.arraycopy(bytes, 0, moved, 0, at);
    System.arraycopy(
        bytes,
        more > 0 ? at : at + 1,
        moved,
        more > 0 ? at + 1 : at,
        bytes.length - at - (more > 0 ? 0 : 1));
    if (more > 0) {
      moved[at] = bytes[at];
    }
    ByteBuffer.wrap(moved)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(moved.length - TAIL, footer + more);
    return moved;
  }
}
