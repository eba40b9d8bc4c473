package io.whetstone.fuzz;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.random.RandomGenerator;

/** Damages a file in the ways that lies, cut downloads and bad disks do. */
final class ByteDamage implements Damage {
  private static final long[] LENGTHS = {
    0,
    1,
    2,
    0x7f,
    0xff,
    0x7fff,
    0xffff,
    0x7fff_ffffL,
    0x8000_0000L,
    0xffff_ffffL,
    1L << 40,
    1L << 60,
    Long.MAX_VALUE,
    Long.MAX_VALUE - 31,
    Long.MIN_VALUE,
    -1,
    -8
  };
  private static final byte[] TEXT = "0123456789-+.eE{}[]\",:\\ntfu\0<|>".getBytes();

  /** A damaged copy: one to four mutations, most of them near the start, where formats lie. */
  @Override
  public byte[] of(byte[] file, RandomGenerator random) {
    byte[] bytes = file.clone();
    int times = 1 + random.nextInt(4);
    for (int i = 0; i < times && bytes.length > 0; i++) {
      bytes = once(bytes, random);
    }
    return bytes;
  }

  private static byte[] once(byte[] bytes, RandomGenerator random) {
    int at = place(bytes.length, random);
    switch (random.nextInt(8)) {
      case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
      case 1 -> bytes[at] = (byte) random.nextInt(256);
      case 2 -> number(bytes, at, LENGTHS[random.nextInt(LENGTHS.length)], random.nextBoolean());
      case 3 -> number(bytes, at, random.nextLong() >>> random.nextInt(64), random.nextBoolean());
      case 4 -> bytes[at] = TEXT[random.nextInt(TEXT.length)];
      case 5 -> {
        return Arrays.copyOf(bytes, at);
      }
      case 6 -> {
        return without(bytes, at, Math.min(bytes.length, at + 1 + random.nextInt(16)));
      }
      default -> {
        return twice(bytes, at, Math.min(bytes.length, at + 1 + random.nextInt(64)));
      }
    }
    return bytes;
  }

  private static int place(int length, RandomGenerator random) {
    int near = Math.min(length, 1 << random.nextInt(4, 20));
    return random.nextInt(random.nextInt(4) == 0 ? length : near);
  }

  /** As a little-endian number of 8 or 4 bytes, cut off at the end of the file. */
  private static void number(byte[] bytes, int at, long value, boolean wide) {
    byte[] number = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array();
    System.arraycopy(number, 0, bytes, at, Math.min(wide ? 8 : 4, bytes.length - at));
  }

  private static byte[] without(byte[] bytes, int from, int to) {
    byte[] shorter = Arrays.copyOf(bytes, bytes.length - (to - from));
    System.arraycopy(bytes, to, shorter, from, bytes.length - to);
    return shorter;
  }

  private static byte[] twice(byte[] bytes, int from, int to) {
    byte[] longer = Arrays.copyOf(bytes, bytes.length + to - from);
    System.arraycopy(bytes, from, longer, to, bytes.length - from);
    return longer;
  }
}
