package io.whetstone.checkpoints;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Shape;
import io.whetstone.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;

/** Named tensors to and from safetensors files. */
public final class Safetensors {
  private Safetensors() {}

  /**
   * Writes tensors as they are: F32, BF16, or the blocks of an optimizer's moments as U8 with a
   * block a row. The same tensors give the same bytes, whatever the map's order: wider types first
   * so that all are aligned, then by name.
   *
   * @throws IllegalArgumentException for a tensor of another type
   */
  public static void write(Path file, Map<String, Tensor> tensors, Backend backend)
      throws IOException {
    write(
        file,
        TensorSource.asStored(tensors),
        name -> type(name + ": " + tensors.get(name), tensors.get(name).dtype()),
        backend);
  }

  /** Writes all tensors as F32 or as BF16, rounded to nearest even. */
  public static void write(Path file, Map<String, Tensor> tensors, DType stored, Backend backend)
      throws IOException {
    StoredType type = type(stored + " weights", stored);
    write(file, TensorSource.of(tensors), name -> type, backend);
  }

  /**
   * Writes each tensor as F32, F16 or BF16, rounded to nearest even.
   *
   * @throws CheckpointException when a number is beyond what F16 holds
   */
  static void write(
      Path file, TensorSource tensors, Function<String, StoredType> types, Backend backend)
      throws IOException {
    write(file, tensors, types, Map.of(), backend);
  }

  /**
   * The same with words about them in the header, which others pass over.
   *
   * @param words beside {@code format}, which says that PyTorch's names are used
   */
  static void write(
      Path file,
      TensorSource tensors,
      Function<String, StoredType> types,
      Map<String, String> words,
      Backend backend)
      throws IOException {
    List<StoredTensor> layout = layout(tensors.shapes(), types);
    Map<String, String> metadata = new HashMap<>(words);
    metadata.put("format", "pt");
    byte[] header = new SafetensorsHeader(metadata, layout).encode();
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      ByteBuffer start = ByteBuffer.allocate(8 + header.length).order(ByteOrder.LITTLE_ENDIAN);
      writeFully(channel, start.putLong(header.length).put(header).flip());
      for (StoredTensor stored : layout) {
        write(channel, stored, tensors.tensor(stored.name()), backend);
      }
    }
  }

  private static List<StoredTensor> layout(
      Map<String, Shape> shapes, Function<String, StoredType> types) {
    List<String> names = new ArrayList<>(shapes.keySet());
    names.sort(
        Comparator.<String>comparingInt(name -> -types.apply(name).bytes())
            .thenComparing(Comparator.naturalOrder()));
    List<StoredTensor> layout = new ArrayList<>();
    long at = 0;
    for (String name : names) {
      StoredType type = types.apply(name);
      long end = at + shapes.get(name).size() * type.bytes();
      List<Long> shape = shapes.get(name).extents().stream().map(Integer::longValue).toList();
      layout.add(new StoredTensor(name, type, shape, at, end));
      at = end;
    }
    return layout;
  }

  private static StoredType type(String what, DType type) {
    return switch (type) {
      case F32 -> StoredType.F32;
      case BF16 -> StoredType.BF16;
      case DYNAMIC, UDYNAMIC -> StoredType.U8;
      case I32, Q8_0, Q4_K, Q6_K ->
          throw new IllegalArgumentException(what + " cannot be written; F32 and BF16 can");
    };
  }

  private static void write(
      FileChannel channel, StoredTensor stored, Tensor tensor, Backend backend) throws IOException {
    int columns = Math.max(1, tensor.columns());
    int step = Math.max(1, SafetensorsFile.CHUNK / columns);
    for (int row = 0; row < tensor.rows(); row += step) {
      Tensor rows = tensor.rows(row, Math.min(tensor.rows(), row + step));
      writeFully(channel, bytes(stored, rows, backend));
    }
  }

  private static ByteBuffer bytes(StoredTensor stored, Tensor rows, Backend backend) {
    if (stored.type() == StoredType.U8) {
      ByteBuffer blocks = ByteBuffer.allocate(Math.toIntExact(rows.memory().byteSize()));
      backend.read(rows, MemorySegment.ofBuffer(blocks));
      return blocks;
    }
    float[] values = backend.readFloats(rows);
    ByteBuffer bytes =
        ByteBuffer.allocate(values.length * stored.type().bytes()).order(ByteOrder.LITTLE_ENDIAN);
    if (stored.type() == StoredType.F32) {
      bytes.asFloatBuffer().put(values);
      bytes.position(bytes.limit());
    } else if (stored.type() == StoredType.F16) {
      for (float value : values) {
        bytes.putShort(float16(stored.name(), value));
      }
    } else {
      for (float value : values) {
        bytes.putShort(bfloat16(value));
      }
    }
    return bytes.flip();
  }

  /** Rounded to nearest even; exact for a value that came from a bfloat16. */
  private static short bfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) (bits >>> 16 | 0x40); // still not a number, whatever is cut off
    }
    return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
  }

  private static short float16(String name, float value) {
    short bits = Float.floatToFloat16(value);
    if (Float.isInfinite(Float.float16ToFloat(bits)) && !Float.isInfinite(value)) {
      throw new CheckpointException(
          name + ": " + value + " is more than f16 holds, ±65504; write bf16 or f32");
    }
    return bits;
  }

  private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /**
   * Reads a file into tensors, which must be exactly those the file holds.
   *
   * @throws CheckpointException naming every tensor that is missing or too many, or the first one
   *     with another shape
   */
  public static void read(Path file, Map<String, Tensor> into, Backend backend) {
    try (SafetensorsFile stored = SafetensorsFile.open(file)) {
      requireSameNames(file, stored.tensors().keySet(), into.keySet());
      into.forEach((name, tensor) -> stored.read(name, tensor, backend));
    }
  }

  static void requireSameNames(Path where, Set<String> present, Set<String> expected) {
    TreeSet<String> missing = new TreeSet<>(expected);
    missing.removeAll(present);
    TreeSet<String> extra = new TreeSet<>(present);
    extra.removeAll(expected);
    if (missing.isEmpty() && extra.isEmpty()) {
      return;
    }
    List<String> complaints = new ArrayList<>();
    if (!missing.isEmpty()) {
      complaints.add("tensors are missing: " + some(missing));
    }
    if (!extra.isEmpty()) {
      complaints.add("tensors are not expected: " + some(extra));
    }
    throw new CheckpointException(where + ": " + String.join("; ", complaints));
  }

  private static String some(TreeSet<String> names) {
    int shown = 8;
    String list = String.join(", ", names.stream().limit(shown).toList());
    return names.size() > shown ? list + " and " + (names.size() - shown) + " more" : list;
  }
}
