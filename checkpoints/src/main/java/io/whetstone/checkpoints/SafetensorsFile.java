package io.whetstone.checkpoints;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Shape;
import io.whetstone.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;

/**
 * A safetensors file, mapped and checked: each byte of it is header or belongs to one tensor. For
 * one thread at a time.
 */
public final class SafetensorsFile implements AutoCloseable {
  private static final int LENGTH_BYTES = 8;
  private static final ValueLayout.OfLong LENGTH =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Elements moved at once between file and backend; bounds the heap this takes. */
  static final int CHUNK = 1 << 18;

  private final Path path;
  private final FileWindow file;
  private final long dataStart;
  private final Map<String, String> metadata;
  private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();

  private SafetensorsFile(Path path, FileWindow file, long dataStart, SafetensorsHeader header) {
    this.path = path;
    this.file = file;
    this.dataStart = dataStart;
    this.metadata = Map.copyOf(header.metadata());
    header.tensors().forEach(tensor -> tensors.put(tensor.name(), tensor));
  }

  /**
   * @throws CheckpointException when the file is missing, truncated or corrupt
   */
  public static SafetensorsFile open(Path path) {
    FileWindow file = null;
    try {
      file = FileWindow.open(path);
      byte[] header = header(path, file);
      long dataStart = (long) LENGTH_BYTES + header.length;
      return new SafetensorsFile(
          path,
          file,
          dataStart,
          SafetensorsHeader.parse(path.toString(), header, file.size() - dataStart));
    } catch (NoSuchFileException e) {
      throw new CheckpointException(path + ": no such file", e);
    } catch (IOException e) {
      throw new CheckpointException(path + ": cannot be read: " + e.getMessage(), e);
    } catch (CheckpointException e) {
      file.close();
      throw e;
    }
  }

  private static byte[] header(Path path, FileWindow file) {
    if (file.size() < LENGTH_BYTES) {
      throw new CheckpointException(
          String.format(
              "%s: truncated: %,d bytes; a safetensors file starts with 8 bytes of length",
              path, file.size()));
    }
    long length = file.bytes(0, LENGTH_BYTES).get(LENGTH, 0);
    if (length < 0 || length > SafetensorsHeader.MAX_BYTES) {
      throw new CheckpointException(
          String.format(
              "%s: not a safetensors file, or corrupt: a header of %s bytes, at most %,d are legal",
              path, Long.toUnsignedString(length), SafetensorsHeader.MAX_BYTES));
    }
    if (length > file.size() - LENGTH_BYTES) {
      throw new CheckpointException(
          String.format(
              "%s: truncated: a header of %,d bytes was announced, %,d bytes are there",
              path, length, file.size() - LENGTH_BYTES));
    }
    return file.bytes(LENGTH_BYTES, length).toArray(ValueLayout.JAVA_BYTE);
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
    return floats(stored, 0, Math.toIntExact(stored.size()));
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
    if (inBlocks) {
      backend.write(to, file.bytes(dataStart + stored.begin(), stored.end() - stored.begin()));
      return;
    }
    int columns = Math.max(1, to.columns());
    int step = Math.max(1, CHUNK / columns);
    for (int row = 0; row < to.rows(); row += step) {
      int end = Math.min(to.rows(), row + step);
      long from = (long) row * columns;
      backend.write(to.rows(row, end), floats(stored, from, (end - row) * to.columns()));
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

  /** Whether a tensor has the type, the shape and the bits of one in another file, or in this. */
  boolean holdsTheSame(String name, SafetensorsFile other, String otherName) {
    StoredTensor one = tensors.get(name);
    StoredTensor two = other.tensors.get(otherName);
    if (one.type() != two.type() || !one.shape().equals(two.shape())) {
      return false;
    }
    long size = one.end() - one.begin();
    for (long at = 0; at < size; at += CHUNK) {
      long count = Math.min(CHUNK, size - at);
      // A copy, since asking one file for bytes takes back what it gave.
      byte[] mine = file.bytes(dataStart + one.begin() + at, count).toArray(ValueLayout.JAVA_BYTE);
      MemorySegment others = other.file.bytes(other.dataStart + two.begin() + at, count);
      if (MemorySegment.ofArray(mine).mismatch(others) >= 0) {
        return false;
      }
    }
    return true;
  }

  /** Elements {@code [from, from + count)}. */
  private float[] floats(StoredTensor stored, long from, int count) {
    long width = stored.type().bytes();
    long start = dataStart + stored.begin() + from * width;
    return stored.type().floats(file.bytes(start, count * width), count);
  }

  /** Unmaps the file. */
  @Override
  public void close() {
    file.close();
  }
}
