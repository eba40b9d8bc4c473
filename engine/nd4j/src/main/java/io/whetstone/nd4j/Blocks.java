package io.whetstone.nd4j;

import io.whetstone.tensor.Tensor;
import java.util.Map;
import java.util.TreeMap;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The arrays that tensors lie in.
 *
 * <p>A tensor is a range of a block, and a block is one long array of ND4J, so ND4J keeps host and
 * device in step where there is a device; a tensor's address only says which range it is.
 */
final class Blocks {
  /** Every block starts on a cache line, which is also the widest vector. */
  static final int ALIGNMENT = 64;

  private final TreeMap<Long, INDArray> blocks = new TreeMap<>();

  /**
   * A block's address, with undefined contents.
   *
   * @param bytes a multiple of 4
   * @param purpose what it is for, named when there is not enough memory
   */
  long allocate(long bytes, String purpose) {
    INDArray block;
    try {
      block = Nd4j.createUninitializedDetached(DataType.FLOAT, (bytes + ALIGNMENT) / Float.BYTES);
    } catch (OutOfMemoryError e) {
      throw outOfMemory(bytes, purpose, e);
    }
    long address = block.data().address();
    blocks.put(address, block);
    return (address + ALIGNMENT - 1) & -ALIGNMENT;
  }

  private static OutOfMemoryError outOfMemory(long bytes, String purpose, OutOfMemoryError cause) {
    OutOfMemoryError error =
        new OutOfMemoryError(
            "%s: %,d bytes of memory are needed, and ND4J has not got them"
                .formatted(purpose, bytes));
    error.initCause(cause);
    return error;
  }

  /** Frees a block, given an address in it. */
  void free(long address) {
    Map.Entry<Long, INDArray> block = blocks.floorEntry(address);
    blocks.remove(block.getKey());
    block.getValue().close();
  }

  /** The tensor's numbers as rows of its innermost extent: [rows, columns]. */
  INDArray matrix(Tensor tensor) {
    return view(tensor, tensor.rows(), tensor.columns());
  }

  /** The tensor's numbers one after another: [size]. */
  INDArray vector(Tensor tensor) {
    return view(tensor, tensor.size());
  }

  /** The tensor's memory as it lies, four bytes a number: what copies move. */
  INDArray words(Tensor tensor) {
    return view(tensor, tensor.memory().byteSize() / Float.BYTES);
  }

  /** The tensor's numbers under another shape of its size, which is not 0. */
  INDArray view(Tensor tensor, long... shape) {
    long address = tensor.memory().address();
    Map.Entry<Long, INDArray> block = blocks.floorEntry(address);
    if (block == null) {
      throw new IllegalArgumentException("the tensor is another backend's, or closed: " + tensor);
    }
    long offset = (address - block.getKey()) / Float.BYTES;
    if (offset + tensor.memory().byteSize() / Float.BYTES > block.getValue().length()) {
      throw new IllegalArgumentException("the tensor is another backend's, or closed: " + tensor);
    }
    return Nd4j.create(block.getValue().data(), shape, Nd4j.getStrides(shape, 'c'), offset, 'c');
  }
}
