package io.whetstone.checkpoints;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Shape;
import io.whetstone.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;

/** A safetensors file, mapped and checked: each byte of it is header or belongs to one tensor. */
public final class SafetensorsFile implements AutoCloseable {
  private static final int LENGTH_BYTES = 8;
  private static final ValueLayout.OfLong LENGTH =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Elements moved at once between file and backend; bounds the heap this takes. */
  static final int CHUNK = 1 << 20;

  private final Path path;
  private final Arena arena;
  private final MemorySegment data;
  private final Map<String, String> metadata;
  private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();

  private SafetensorsFile(Path path, Arena arena, MemorySegment data, SafetensorsHeader header) {
    this.path = path;
    this.arena = arena;
    this.data = data;
    this.metadata = Map.copyOf(header.metadata());
    header.tensors().forEach(tensor -> tensors.put(tensor.name(), tensor));
  }

  /**
   * @throws CheckpointException when the file is missing, truncated or corrupt
   */
  public static SafetensorsFile open(Path path) {
    Arena arena = Arena.ofShared();
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      MemorySegment file = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      byte[] header = header(path, file);
      MemorySegment data = file.asSlice(LENGTH_BYTES + header.length);
      return new SafetensorsFile(
          path, arena, data, SafetensorsHeader.parse(path.toString(), header, data.byteSize()));
    } catch (NoSuchFileException e) {
      arena.close();
      throw new CheckpointException(path + ": no such file", e);
    } catch (IOException e) {
      arena.close();
      throw new CheckpointException(path + ": cannot be read: " + e.getMessage(), e);
    } catch (CheckpointException e) {
      arena.close();
      throw e;
    }
  }

  private static byte[] header(Path path, MemorySegment file) {
    if (file.byteSize() < LENGTH_BYTES) {
      throw new CheckpointException(
          String.format(
              "%s: truncated: %,d bytes; a safetensors file starts with 8 bytes of length",
              path, file.byteSize()));
    }
    long length = file.get(LENGTH, 0);
    if (length < 0 || length > SafetensorsHeader.MAX_BYTES) {
      throw new CheckpointException(
          String.format(
              "%s: not a safetensors file, or corrupt: a header of %s bytes, at most %,d are legal",
              path, Long.toUnsignedString(length), SafetensorsHeader.MAX_BYTES));
    }
    if (length > file.byteSize() - LENGTH_BYTES) {
      throw new CheckpointException(
          String.format(
              "%s: truncated: a header of %,d bytes was announced, %,d bytes are there",
              path, length, file.byteSize() - LENGTH_BYTES));
    }
    return file.asSlice(LENGTH_BYTES, length).toArray(ValueLayout.JAVA_BYTE);
  }

  public Path path() {
    return path;
  }

  public Map<String, String> metadata() {
    return metadata;
  }

  /** What the file holds, in the order of its data. */
  public Map<String, StoredTensor> tensors() {
    return Map.copyOf(tensors);
  }

  /**
   * All elements of a F32, F16 or BF16 tensor.
   *
   * @throws CheckpointException when there is no such tensor or it is of another type
   */
  public float[] floats(String name) {
    StoredTensor stored = floating(name);
    return stored.type().floats(bytes(stored), 0, Math.toIntExact(stored.size()));
  }

  /**
   * Copies a F32, F16 or BF16 tensor into one of a backend, rounding to its type; blocks, U8, into
   * those of an optimizer's moments.
   *
   * @throws CheckpointException when it is not there, of another type or of another shape
   */
  public void read(String name, Tensor to, Backend backend) {
    boolean inBlocks = to.dtype().moments();
    StoredTensor stored = require(inBlocks ? blocks(name) : floating(name), storedShape(to));
    MemorySegment bytes = bytes(stored);
    if (inBlocks) {
      backend.write(to, bytes);
      return;
    }
    int columns = Math.max(1, to.columns());
    int step = Math.max(1, CHUNK / columns);
    for (int row = 0; row < to.rows(); row += step) {
      int end = Math.min(to.rows(), row + step);
      long from = (long) row * columns;
      backend.write(
          to.rows(row, end), stored.type().floats(bytes, from, (end - row) * to.columns()));
    }
  }

  /** The extents in a file: moments' rows of blocks are rows of bytes. */
  static Shape storedShape(Tensor tensor) {
    return tensor.dtype().moments()
        ? Shape.of(tensor.rows(), Math.toIntExact(tensor.dtype().bytes(tensor.columns())))
        : tensor.shape();
  }

  /**
   * Fails where a tensor is not there, not F32, F16 or BF16, or of another shape.
   *
   * @throws CheckpointException saying which of these
   */
  void require(String name, Shape shape) {
    require(floating(name), shape);
  }

  private StoredTensor require(StoredTensor stored, Shape shape) {
    if (!stored.hasShape(shape.extents())) {
      throw new CheckpointException(
          path + ": tensor " + stored.name() + ": expected " + shape + ", got " + stored);
    }
    return stored;
  }

  private StoredTensor floating(String name) {
    return stored(name, "F32, F16 or BF16", StoredType::isFloat);
  }

  private StoredTensor blocks(String name) {
    return stored(name, "blocks as U8", type -> type == StoredType.U8);
  }

  private StoredTensor stored(String name, String expected, Predicate<StoredType> isExpected) {
    StoredTensor stored = tensors.get(name);
    if (stored == null) {
      throw new CheckpointException(path + ": tensor " + name + " is missing");
    }
    if (!isExpected.test(stored.type())) {
      throw new CheckpointException(
          path + ": tensor " + name + ": expected " + expected + ", got " + stored);
    }
    return stored;
  }

  /** Whether a tensor has the type, the shape and the bits of one in another file. */
  boolean holdsTheSame(String name, SafetensorsFile other, String otherName) {
    StoredTensor one = tensors.get(name);
    StoredTensor two = other.tensors.get(otherName);
    return one.type() == two.type()
        && one.shape().equals(two.shape())
        && bytes(one).mismatch(other.bytes(two)) < 0;
  }

  private MemorySegment bytes(StoredTensor stored) {
    return data.asSlice(stored.begin(), stored.end() - stored.begin());
  }

  /** Unmaps the file. */
  @Override
  public void close() {
    arena.close();
  }
}
