package io.whetstone.tensor;

/**
 * The element types a {@link Tensor} can have.
 *
 * <p>Quantised ones are blocks of elements of one row that share their scales. Those whose names
 * begin with Q hold weights that are never trained, laid out as in GGUF files; the dynamic ones
 * hold an optimizer's moments. What a block stands for is said in {@link
 * io.whetstone.tensor.quantized.BlockCodec}.
 */
public enum DType {
  /** IEEE 754 binary32. */
  F32(1, 4),
  /** bfloat16: the upper half of a binary32, rounded to nearest even. */
  BF16(1, 2),
  /** Two's complement 32-bit integer. */
  I32(1, 4),
  /** Blocks of 32 numbers of 8 bits with one scale: 8.5 bits an element. */
  Q8_0(32, 34),
  /** Blocks of 256 numbers of 4 bits, 8 scales and minima of 6 bits: 4.5 bits an element. */
  Q4_K(256, 144),
  /** Blocks of 256 numbers of 6 bits, 16 scales of 8 bits: 6.5625 bits an element. */
  Q6_K(256, 210),
  /** Blocks of 256 codes of numbers of either sign, with one F32 scale: 8.125 bits an element. */
  DYNAMIC(256, 260),
  /** The same of numbers that are never negative. */
  UDYNAMIC(256, 260);

  private final int blockElements;
  private final int blockBytes;

  DType(int blockElements, int blockBytes) {
    this.blockElements = blockElements;
    this.blockBytes = blockBytes;
  }

  /**
   * Bytes of one element.
   *
   * @throws IllegalStateException for a quantised type, whose elements have none of their own
   */
  public int bytes() {
    if (quantized()) {
      throw new IllegalStateException(this + " has no elements of their own, only blocks");
    }
    return blockBytes;
  }

  /** Whether elements share scales in blocks. */
  public boolean quantized() {
    return blockElements > 1;
  }

  /** Whether it holds an optimizer's moments, and no weights. */
  public boolean moments() {
    return this == DYNAMIC || this == UDYNAMIC;
  }

  /** Elements of a block; 1 where it is not quantised. Rows are whole blocks. */
  public int blockElements() {
    return blockElements;
  }

  /** Bytes of a block. */
  public int blockBytes() {
    return blockBytes;
  }

  /**
   * Bytes of so many elements.
   *
   * @throws IllegalArgumentException when they are not whole blocks
   */
  public long bytes(long elements) {
    if (elements % blockElements != 0) {
      throw new IllegalArgumentException(
          elements
              + " elements are not whole blocks of "
              + blockElements
              + ", which "
              + this
              + " has");
    }
    return elements / blockElements * blockBytes;
  }
}
