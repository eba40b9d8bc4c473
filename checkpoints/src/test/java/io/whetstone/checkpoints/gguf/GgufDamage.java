package io.whetstone.checkpoints.gguf;

import io.whetstone.checkpoints.gguf.GgufHeader.ValueType;
import io.whetstone.fuzz.Damage;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Changes one of the numbers in a GGUF file's header: a count, a length, a type, a value, an
 * extent, an offset; each as often as any other, and long arrays no more often than short ones.
 */
final class GgufDamage implements Damage {
  private static final int ELEMENTS = 3;
  private static final long[] NUMBERS = {
    0, 1, 2, 3, 31, 32, 33, 256, 1 << 20, Integer.MAX_VALUE, 1L << 31, 1L << 40, Long.MAX_VALUE, -1
  };

  /** A number's place and width in bytes. */
  private record Place(int at, int width) {}

  @Override
  public byte[] of(byte[] file, RandomGenerator random) {
    byte[] damaged = file.clone();
    ByteBuffer bytes = ByteBuffer.wrap(damaged).order(ByteOrder.LITTLE_ENDIAN);
    List<Place> places = new Walk(bytes).places();
    int times = 1 + random.nextInt(2);
    for (int i = 0; i < times; i++) {
      Place place = places.get(random.nextInt(places.size()));
      put(bytes, place, changed(get(bytes, place), random));
    }
    return damaged;
  }

  private static long changed(long old, RandomGenerator random) {
    return switch (random.nextInt(6)) {
      case 0 -> old + 1;
      case 1 -> old - 1;
      case 2 -> 2 * old;
      case 3 -> random.nextInt(40);
      case 4 -> random.nextLong() >>> random.nextInt(64);
      default -> NUMBERS[random.nextInt(NUMBERS.length)];
    };
  }

  private static long get(ByteBuffer bytes, Place place) {
    return switch (place.width) {
      case 1 -> bytes.get(place.at);
      case 2 -> bytes.getShort(place.at);
      case 4 -> bytes.getInt(place.at);
      default -> bytes.getLong(place.at);
    };
  }

  private static void put(ByteBuffer bytes, Place place, long value) {
    switch (place.width) {
      case 1 -> bytes.put(place.at, (byte) value);
      case 2 -> bytes.putShort(place.at, (short) value);
      case 4 -> bytes.putInt(place.at, (int) value);
      default -> bytes.putLong(place.at, value);
    }
  }

  /** Through the header of a file that is whole. */
  private static final class Walk {
    private final ByteBuffer bytes;
    private final List<Place> places = new ArrayList<>();

    Walk(ByteBuffer bytes) {
      this.bytes = bytes;
    }

    List<Place> places() {
      number(4);
      number(4);
      long tensors = number(8);
      long values = number(8);
      for (long i = 0; i < values; i++) {
        string();
        value(ValueType.values()[(int) number(4)]);
      }
      for (long i = 0; i < tensors; i++) {
        string();
        long dimensions = number(4);
        for (long d = 0; d < dimensions; d++) {
          number(8);
        }
        number(4);
        number(8);
      }
      return places;
    }

    private void value(ValueType type) {
      switch (type) {
        case STRING -> string();
        case ARRAY -> {
          ValueType element = ValueType.values()[(int) number(4)];
          long count = number(8);
          int before = places.size();
          for (long i = 0; i < count; i++) {
            value(element);
            while (places.size() > before + ELEMENTS) {
              places.removeLast();
            }
          }
        }
        default -> number(type.least);
      }
    }

    private void string() {
      int length = (int) number(8);
      bytes.position(bytes.position() + length);
    }

    private long number(int width) {
      Place place = new Place(bytes.position(), width);
      places.add(place);
      bytes.position(place.at + width);
      return get(bytes, place);
    }
  }
}
