package io.whetstone.checkpoints.gguf;

import io.whetstone.checkpoints.CheckpointException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What stands before a GGUF file's data, versions 2 and 3.
 *
 * @param dataStart the data's first byte
 * @param tensors in the file's order
 */
record GgufHeader(GgufMetadata metadata, long dataStart, List<GgufTensor> tensors) {
  static final int MAGIC = 0x46554747;
  static final int VERSION = 3;
  static final String ALIGNMENT = "general.alignment";
  static final int DEFAULT_ALIGNMENT = 32;

  private static final int LONGEST_NAME = 64;
  private static final int LONGEST_KEY = 65_535;
  private static final int MOST_DIMENSIONS = 4;

  /** The numbers that value types have in files. */
  enum ValueType {
    UINT8(1),
    INT8(1),
    UINT16(2),
    INT16(2),
    UINT32(4),
    INT32(4),
    FLOAT32(4),
    BOOL(1),
    STRING(8),
    ARRAY(12),
    UINT64(8),
    INT64(8),
    FLOAT64(8);

    /** Bytes that a value takes at least. */
    final int least;

    ValueType(int least) {
      this.least = least;
    }
  }

  /**
   * @param path named in errors
   * @throws CheckpointException when this is no GGUF file, or lies about itself
   */
  static GgufHeader parse(String path, MemorySegment bytes) {
    return new Parser(path, bytes).parse();
  }

  private static final class Parser {
    private final String path;
    private final MemorySegment bytes;
    private final GgufCursor cursor;

    Parser(String path, MemorySegment bytes) {
      this.path = path;
      this.bytes = bytes;
      cursor = new GgufCursor(path, bytes);
    }

    GgufHeader parse() {
      if (bytes.byteSize() < 4 || cursor.int32("the magic number") != MAGIC) {
        throw new CheckpointException(path + ": not a GGUF file: it does not begin with GGUF");
      }
      requireVersion(cursor.int32("the version"));
      int tensorCount = cursor.count("the number of tensors", 32);
      int valueCount = cursor.count("the number of metadata values", 13);
      Map<String, Object> values = new LinkedHashMap<>();
      for (int i = 0; i < valueCount; i++) {
        String key = cursor.string("a metadata key");
        if (key.isEmpty() || key.length() > LONGEST_KEY || values.containsKey(key)) {
          throw corrupt("metadata key " + quoted(key) + " is empty, too long or there twice");
        }
        values.put(key, value(key, type(key)));
      }
      GgufMetadata metadata = new GgufMetadata(path, values);
      int alignment = alignment(metadata);
      List<GgufTensor> tensors = new ArrayList<>();
      Set<String> names = new HashSet<>();
      for (int i = 0; i < tensorCount; i++) {
        GgufTensor tensor = tensor(alignment);
        if (!names.add(tensor.name())) {
          throw corrupt("tensor " + quoted(tensor.name()) + " is there twice");
        }
        tensors.add(tensor);
      }
      long dataStart = (cursor.at() + alignment - 1) / alignment * alignment;
      requireWithin(tensors, Math.max(0, bytes.byteSize() - dataStart));
      return new GgufHeader(metadata, Math.min(dataStart, bytes.byteSize()), List.copyOf(tensors));
    }

    private void requireVersion(int version) {
      if (version != 2 && version != VERSION) {
        boolean swapped = (version & 0xffff) == 0;
        throw new CheckpointException(
            path
                + ": GGUF version "
                + Integer.toUnsignedString(version)
                + (swapped
                    ? ": a big-endian file, which is not read; convert it to little-endian"
                    : " is not read; 2 and 3 are: convert the model again"));
      }
    }

    private ValueType type(String key) {
      int number = cursor.int32("the type of " + key);
      if (number < 0 || number >= ValueType.values().length) {
        throw corrupt(
            "the type of "
                + quoted(key)
                + " is "
                + Integer.toUnsignedString(number)
                + ", at most 12 is known");
      }
      return ValueType.values()[number];
    }

    private Object value(String key, ValueType type) {
      return switch (type) {
        case STRING -> cursor.string(key);
        case BOOL -> bool(key);
        case FLOAT32, FLOAT64 -> decimal(key, type);
        case ARRAY -> array(key);
        default -> integer(key, type);
      };
    }

    private boolean bool(String key) {
      byte value = cursor.int8(key);
      if (value != 0 && value != 1) {
        throw corrupt(quoted(key) + ": " + value + " is not true or false");
      }
      return value == 1;
    }

    /** An unsigned number beyond a long's range comes out negative, which no count may be. */
    private long integer(String key, ValueType type) {
      return switch (type) {
        case UINT8 -> cursor.int8(key) & 0xff;
        case INT8 -> cursor.int8(key);
        case UINT16 -> cursor.int16(key) & 0xffff;
        case INT16 -> cursor.int16(key);
        case UINT32 -> cursor.int32(key) & 0xffff_ffffL;
        case INT32 -> cursor.int32(key);
        default -> cursor.int64(key);
      };
    }

    private double decimal(String key, ValueType type) {
      return type == ValueType.FLOAT32
          ? Float.intBitsToFloat(cursor.int32(key))
          : Double.longBitsToDouble(cursor.int64(key));
    }

    private Object array(String key) {
      ValueType type = type(key);
      int count = cursor.count("the length of " + key, type.least);
      switch (type) {
        case STRING -> {
          String[] texts = new String[count];
          for (int i = 0; i < count; i++) {
            texts[i] = cursor.string(key);
          }
          return texts;
        }
        case FLOAT32, FLOAT64 -> {
          double[] numbers = new double[count];
          for (int i = 0; i < count; i++) {
            numbers[i] = decimal(key, type);
          }
          return numbers;
        }
        case ARRAY ->
            throw new CheckpointException(path + ": " + key + ": arrays of arrays are not read");
        default -> {
          long[] numbers = new long[count];
          for (int i = 0; i < count; i++) {
            numbers[i] = type == ValueType.BOOL ? bool(key) ? 1 : 0 : integer(key, type);
          }
          return numbers;
        }
      }
    }

    private int alignment(GgufMetadata metadata) {
      int alignment = metadata.count(ALIGNMENT, DEFAULT_ALIGNMENT);
      if (Integer.bitCount(alignment) != 1 || alignment < 8 || alignment > 1 << 20) {
        throw metadata.wrong(ALIGNMENT, "a power of two from 8 to 1048576");
      }
      return alignment;
    }

    private GgufTensor tensor(int alignment) {
      String name = cursor.string("a tensor's name");
      if (name.isEmpty() || name.length() > LONGEST_NAME) {
        throw corrupt("a tensor's name, " + quoted(name) + ", is empty or too long");
      }
      String where = "tensor " + name;
      int dimensions = cursor.int32(where);
      if (dimensions < 1 || dimensions > MOST_DIMENSIONS) {
        throw corrupt(
            where
                + " has "
                + Integer.toUnsignedString(dimensions)
                + " dimensions, 1 to 4 are legal");
      }
      List<Long> shape = new ArrayList<>();
      for (int i = 0; i < dimensions; i++) {
        shape.addFirst(cursor.int64(where));
      }
      int number = cursor.int32(where);
      GgufType type =
          GgufType.of(number)
              .orElseThrow(
                  () ->
                      new CheckpointException(
                          path
                              + ": "
                              + where
                              + ": type "
                              + GgufType.nameOf(number)
                              + " is not supported; "
                              + Stream.of(GgufType.values())
                                  .map(Enum::name)
                                  .collect(Collectors.joining(", "))
                              + " are"));
      long offset = cursor.int64(where);
      GgufTensor tensor = new GgufTensor(name, type, List.copyOf(shape), offset);
      requirePossible(tensor);
      if (offset < 0 || offset % alignment != 0) {
        throw corrupt(
            where
                + " begins at byte "
                + Long.toUnsignedString(offset)
                + " of the data, which is not a multiple of "
                + alignment);
      }
      return tensor;
    }

    private void requirePossible(GgufTensor tensor) {
      boolean possible = tensor.shape().stream().allMatch(extent -> extent > 0);
      try {
        possible = possible && tensor.bytes() >= 0;
      } catch (ArithmeticException e) {
        possible = false;
      }
      if (!possible) {
        throw corrupt("tensor " + tensor.name() + ": " + tensor + " is impossible");
      }
      if (tensor.shape().getLast() % tensor.type().blockElements() != 0) {
        throw corrupt(
            "tensor "
                + tensor.name()
                + ": "
                + tensor
                + ": rows are not whole blocks of "
                + tensor.type().blockElements());
      }
    }

    private void requireWithin(List<GgufTensor> tensors, long dataBytes) {
      List<GgufTensor> byPlace = new ArrayList<>(tensors);
      byPlace.sort(Comparator.comparingLong(GgufTensor::offset));
      long end = 0;
      String before = "";
      for (GgufTensor tensor : byPlace) {
        if (tensor.offset() < end) {
          throw corrupt("tensors " + before + " and " + tensor.name() + " overlap");
        }
        if (tensor.bytes() > dataBytes - tensor.offset()) {
          throw new CheckpointException(
              String.format(
                  "%s: truncated, or corrupt: tensor %s takes %,d bytes from byte %,d of the data"
                      + " on, which has only %,d",
                  path, tensor.name(), tensor.bytes(), tensor.offset(), dataBytes));
        }
        end = tensor.offset() + tensor.bytes();
        before = tensor.name();
      }
    }

    private CheckpointException corrupt(String what) {
      return new CheckpointException(path + ": corrupt: " + what);
    }

    private static String quoted(String text) {
      return "\"" + (text.length() > 60 ? text.substring(0, 60) + "…" : text) + "\"";
    }
  }
}
