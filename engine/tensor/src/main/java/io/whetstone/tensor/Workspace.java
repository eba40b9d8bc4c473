package io.whetstone.tensor;

/**
 * Off-heap memory handed out by bumping a pointer, and taken back all at once.
 *
 * <p>Parameters live in a workspace that is never reset, activations in one that is reset for every
 * micro-batch. Blocks are kept over {@link #release} and {@link #reset}, so a loop that asks for
 * the same tensors each round allocates only in its first ones. Not thread-safe: one thread hands
 * out, any thread may use what was handed out. Every tensor starts on a 64-byte boundary.
 */
public interface Workspace extends AutoCloseable {
  /** A tensor with undefined contents, valid until released, reset or closed. */
  Tensor tensor(DType dtype, int... extents);

  /** A tensor filled with zeros. */
  Tensor zeros(DType dtype, int... extents);

  /** A point to {@link #release} to. */
  long mark();

  /** Takes back everything handed out since {@code mark}. */
  void release(long mark);

  /** Takes back everything. */
  void reset();

  /** Bytes handed out now. */
  long bytesUsed();

  /** The most bytes ever handed out at once. */
  long bytesPeak();

  /** Frees the memory; the workspace's tensors must not be used any more. */
  @Override
  void close();
}
