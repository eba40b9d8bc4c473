package io.whetstone.checkpoints.gguf;

import io.whetstone.checkpoints.CheckpointException;
import io.whetstone.checkpoints.FileWindow;
import io.whetstone.tensor.quantized.BlockCodec;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** A GGUF file, mapped and checked: every tensor lies within it and overlaps no other. */
public final class GgufFile implements AutoCloseable {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Path path;
  private final FileWindow file;
  private final long dataStart;
  private final GgufMetadata metadata;
  private final Map<String, GgufTensor> tensors = new LinkedHashMap<>();

  private GgufFile(Path path, FileWindow file, GgufHeader header) {
    this.path = path;
    this.file = file;
    this.dataStart = header.dataStart();
    this.metadata = header.metadata();
    header.tensors().forEach(tensor -> tensors.put(tensor.name(), tensor));
  }

  /**
   * @throws CheckpointException when the file is missing, truncated, corrupt or of another version
   */
  public static GgufFile open(Path path) {
    FileWindow file = null;
    try {
      file = FileWindow.open(path);
      GgufHeader header = GgufHeader.parse(path.toString(), file.bytes(0, file.size()));
      file.unmap();
      return new GgufFile(path, file, header);
    } catch (NoSuchFileException e) {
      throw new CheckpointException(path + ": no such file", e);
    } catch (IOException e) {
      throw new CheckpointException(path + ": cannot be read: " + e.getMessage(), e);
    } catch (CheckpointException e) {
      file.close();
      throw e;
    }
  }

  public Path path() {
    return path;
  }

  public GgufMetadata metadata() {
    return metadata;
  }

  /** What the file holds, in its order. */
  public Map<String, GgufTensor> tensors() {
    return new LinkedHashMap<>(tensors);
  }

  /**
   * A tensor's place.
   *
   * @throws CheckpointException when there is none of that name
   */
  GgufTensor tensor(String name) {
    GgufTensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new CheckpointException(path + ": tensor " + name + " is missing");
    }
    return tensor;
  }

  /** The bytes of the elements [from, from + count), whole blocks; valid until others are asked. */
  MemorySegment bytes(GgufTensor tensor, long from, long count) {
    GgufType type = tensor.type();
    return file.bytes(dataStart + tensor.offset() + type.bytes(from), type.bytes(count));
  }

  /** The elements [from, from + count) as floats, whole blocks decoded as BlockCodec says. */
  float[] floats(GgufTensor tensor, long from, int count) {
    MemorySegment bytes = bytes(tensor, from, count);
    float[] values = new float[count];
    switch (tensor.type()) {
      case F32 -> MemorySegment.copy(bytes, FLOAT, 0, values, 0, count);
      case F16 -> {
        for (int i = 0; i < count; i++) {
          values[i] = Float.float16ToFloat(bytes.get(SHORT, 2L * i));
        }
      }
      case BF16 -> {
        for (int i = 0; i < count; i++) {
          values[i] = Float.intBitsToFloat(bytes.get(SHORT, 2L * i) << 16);
        }
      }
      case Q8_0, Q4_K, Q6_K ->
          BlockCodec.of(tensor.type().blocks().orElseThrow()).decodeAll(bytes, 0, values);
    }
    return values;
  }

  /**
   * All elements of a tensor.
   *
   * @throws CheckpointException when there is no such tensor
   */
  public float[] floats(String name) {
    GgufTensor tensor = tensor(name);
    return floats(tensor, 0, Math.toIntExact(tensor.size()));
  }

  /** Unmaps the file. */
  @Override
  public void close() {
    file.close();
  }
}
