package io.whetstone.checkpoints.gguf;

import io.whetstone.checkpoints.gguf.GgufHeader.ValueType;
import io.whetstone.tensor.quantized.BlockCodec;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** Writes a GGUF file of version 3: values and tensors in the order they were given. */
final class GgufWriter {
  private static final int ALIGNMENT = GgufHeader.DEFAULT_ALIGNMENT;

  /** Elements written at once, at least a row. */
  private static final int CHUNK = 1 << 20;

  private record Stored(GgufTensor tensor, Rows rows) {}

  private final Bytes values = new Bytes();
  private final List<Stored> tensors = new ArrayList<>();
  private int count;
  private long dataBytes;

  /** A tensor's numbers. */
  @FunctionalInterface
  interface Rows {
    /** The rows [from, to), in the file's order. */
    float[] read(int from, int to);
  }

  /** Little-endian bytes. */
  private static final class Bytes extends ByteArrayOutputStream {
    Bytes int8(int value) {
      write(value);
      return this;
    }

    Bytes int32(int value) {
      return append(4, value);
    }

    Bytes int64(long value) {
      return append(8, value);
    }

    private Bytes append(int bytes, long value) {
      for (int i = 0; i < bytes; i++) {
        write((int) (value >>> 8 * i));
      }
      return this;
    }

    Bytes string(String text) {
      byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
      int64(utf8.length);
      write(utf8, 0, utf8.length);
      return this;
    }
  }

  private Bytes value(String key, ValueType type) {
    count++;
    return values.string(key).int32(type.ordinal());
  }

  private Bytes array(String key, ValueType type, int length) {
    return value(key, ValueType.ARRAY).int32(type.ordinal()).int64(length);
  }

  GgufWriter string(String key, String text) {
    value(key, ValueType.STRING).string(text);
    return this;
  }

  GgufWriter count(String key, int number) {
    value(key, ValueType.UINT32).int32(number);
    return this;
  }

  GgufWriter number(String key, double number) {
    value(key, ValueType.FLOAT32).int32(Float.floatToRawIntBits((float) number));
    return this;
  }

  GgufWriter flag(String key, boolean flag) {
    value(key, ValueType.BOOL).int8(flag ? 1 : 0);
    return this;
  }

  GgufWriter strings(String key, List<String> texts) {
    Bytes bytes = array(key, ValueType.STRING, texts.size());
    texts.forEach(bytes::string);
    return this;
  }

  GgufWriter integers(String key, int[] numbers) {
    Bytes bytes = array(key, ValueType.INT32, numbers.length);
    for (int number : numbers) {
      bytes.int32(number);
    }
    return this;
  }

  GgufWriter numbers(String key, float[] numbers) {
    Bytes bytes = array(key, ValueType.FLOAT32, numbers.length);
    for (float number : numbers) {
      bytes.int32(Float.floatToRawIntBits(number));
    }
    return this;
  }

  /** Adds a tensor whose numbers are read when the file is written. */
  GgufWriter tensor(String name, GgufType type, List<Long> shape, Rows rows) {
    GgufTensor tensor = new GgufTensor(name, type, shape, dataBytes);
    tensors.add(new Stored(tensor, rows));
    dataBytes += padded(tensor.bytes());
    return this;
  }

  private static long padded(long bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  /**
   * Writes the file.
   *
   * @throws IllegalArgumentException naming the tensor that has a number its type cannot hold
   */
  void write(Path file) throws IOException {
    Bytes header = new Bytes();
    header.int32(GgufHeader.MAGIC).int32(GgufHeader.VERSION);
    header.int64(tensors.size()).int64(count);
    values.writeTo(header);
    for (Stored stored : tensors) {
      GgufTensor tensor = stored.tensor;
      header.string(tensor.name()).int32(tensor.shape().size());
      tensor.shape().reversed().forEach(header::int64);
      header.int32(tensor.type().number()).int64(tensor.offset());
    }
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      write(channel, ByteBuffer.wrap(header.toByteArray()));
      pad(channel, header.size());
      for (Stored stored : tensors) {
        write(channel, stored);
        pad(channel, stored.tensor.bytes());
      }
    }
  }

  private static void write(FileChannel channel, Stored stored) throws IOException {
    int columns = Math.toIntExact(stored.tensor.shape().getLast());
    int rows = Math.toIntExact(stored.tensor.size() / columns);
    int step = Math.max(1, CHUNK / columns);
    for (int row = 0; row < rows; row += step) {
      float[] numbers = stored.rows.read(row, Math.min(rows, row + step));
      write(channel, encode(stored.tensor, numbers));
    }
  }

  private static ByteBuffer encode(GgufTensor tensor, float[] numbers) {
    ByteBuffer bytes =
        ByteBuffer.allocate(Math.toIntExact(tensor.type().bytes(numbers.length)))
            .order(ByteOrder.LITTLE_ENDIAN);
    for (float number : numbers) {
      boolean held =
          Float.isFinite(number) && (tensor.type() != GgufType.F16 || Math.abs(number) < 65_520);
      if (!held) {
        throw new IllegalArgumentException(
            "tensor "
                + tensor.name()
                + " has "
                + number
                + ", which "
                + tensor.type()
                + " cannot hold");
      }
    }
    switch (tensor.type()) {
      case F32 -> bytes.asFloatBuffer().put(numbers);
      case F16 -> {
        for (float number : numbers) {
          bytes.putShort(Float.floatToFloat16(number));
        }
        bytes.rewind();
      }
      case BF16 -> {
        for (float number : numbers) {
          int bits = Float.floatToRawIntBits(number);
          bytes.putShort((short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16));
        }
        bytes.rewind();
      }
      case Q8_0, Q4_K, Q6_K ->
          BlockCodec.of(tensor.type().blocks().orElseThrow())
              .encodeAll(numbers, MemorySegment.ofBuffer(bytes), 0);
    }
    return bytes;
  }

  private static void pad(FileChannel channel, long written) throws IOException {
    write(channel, ByteBuffer.allocate((int) (padded(written) - written)));
  }

  private static void write(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }
}
