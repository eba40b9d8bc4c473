package io.whetstone.cuda;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.quantized.BlockCodec;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.IntStream;

/** Numbers of host arrays put into tensors and taken from them, converted on the host. */
final class HostCopies {
  private final WorkQueue queue;

  HostCopies(Gpu gpu) {
    this.queue = gpu.queue();
  }

  /** Rounds to BF16, to nearest even, or to blocks, where the tensor holds these. */
  void write(Tensor to, float[] from) {
    long address = DeviceMemory.address(to);
    if (to.dtype() == DType.F32) {
      queue.copyToDevice(MemorySegment.ofArray(from), address);
    } else if (to.dtype() == DType.BF16) {
      queue.copyToDevice((at, piece) -> round(from, at, piece), address, 2L * from.length, 2);
    } else {
      long bytes = to.dtype().bytes(from.length);
      queue.copyToDevice(
          (at, piece) -> encode(to.dtype(), from, at, piece),
          address,
          bytes,
          to.dtype().blockBytes());
    }
  }

  void write(Tensor to, int[] from) {
    queue.copyToDevice(MemorySegment.ofArray(from), DeviceMemory.address(to));
  }

  /** Blocks as they are. */
  void write(Tensor to, MemorySegment blocks) {
    queue.copyToDevice(blocks, DeviceMemory.address(to));
  }

  /** The same the other way round. */
  void read(Tensor from, MemorySegment blocks) {
    queue.copyToHost(DeviceMemory.address(from), blocks);
  }

  float[] readFloats(Tensor from) {
    float[] to = new float[Math.toIntExact(from.size())];
    long address = DeviceMemory.address(from);
    if (from.dtype() == DType.F32) {
      queue.copyToHost(address, MemorySegment.ofArray(to));
    } else if (from.dtype() == DType.BF16) {
      short[] bits = new short[to.length];
      queue.copyToHost(address, MemorySegment.ofArray(bits));
      for (int i = 0; i < to.length; i++) {
        to[i] = Bfloat16.widen(bits[i]);
      }
    } else {
      byte[] blocks = new byte[Math.toIntExact(from.dtype().bytes(from.size()))];
      MemorySegment host = MemorySegment.ofArray(blocks);
      queue.copyToHost(address, host);
      BlockCodec.of(from.dtype()).decodeAll(host, 0, to);
    }
    return to;
  }

  private static void round(float[] from, long at, MemorySegment piece) {
    int first = (int) (at / 2);
    int count = (int) (piece.byteSize() / 2);
    for (int i = 0; i < count; i++) {
      piece.setAtIndex(ValueLayout.JAVA_SHORT, i, Bfloat16.round(from[first + i]));
    }
  }

  /** On all processors: to fit a block's scales takes far longer than to copy it. */
  private static void encode(DType type, float[] from, long at, MemorySegment piece) {
    BlockCodec codec = BlockCodec.of(type);
    int elements = type.blockElements();
    int bytes = type.blockBytes();
    int first = (int) (at / bytes * elements);
    IntStream.range(0, (int) (piece.byteSize() / bytes))
        .parallel()
        .forEach(b -> codec.encode(from, first + b * elements, piece, (long) b * bytes));
  }
}
