package io.whetstone.cpu;

/**
 * Memory of prepared weights: small ones lie beside each other in larger blocks, whose pages are
 * huge. By themselves they would lie in pages of 4 kB, which take longer to read, by up to a third
 * where a step of decoding reads each weight once.
 *
 * <p>A block goes back to the system when no weight lies in it any longer.
 */
final class WeightMemory {
  /** Of small weights together; pages that none of them lies in are never touched. */
  private static final long BLOCK = 32 << 20;

  /** So large a weight has huge pages by itself. */
  private static final long LARGE = 8 << 20;

  private static final class Block {
    final Allocation memory;
    long taken;
    int pieces;

    Block(Allocation memory) {
      this.memory = memory;
    }
  }

  /** The memory of one weight. */
  final class Piece implements AutoCloseable {
    private final Block block;
    private final long address;
    private boolean closed;

    private Piece(Block block, long bytes) {
      this.block = block;
      this.address = block.memory.address() + block.taken;
      block.taken += bytes;
      block.pieces++;
    }

    long address() {
      return address;
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        leave(block);
      }
    }
  }

  /** Where there may still be room; null where there is none. */
  private Block open;

  /**
   * Takes memory with undefined contents.
   *
   * @param purpose what it is for, named when there is not enough
   */
  synchronized Piece take(long bytes, String purpose) {
    long rounded = (bytes + Allocation.ALIGNMENT - 1) & -Allocation.ALIGNMENT;
    if (rounded >= LARGE) {
      return new Piece(new Block(new Allocation(rounded, purpose)), rounded);
    }
    if (open == null || open.memory.bytes() - open.taken < rounded) {
      open = new Block(new Allocation(BLOCK, purpose));
    }
    return new Piece(open, rounded);
  }

  private synchronized void leave(Block block) {
    block.pieces--;
    if (block.pieces == 0) {
      block.memory.close();
      if (block == open) {
        open = null;
      }
    }
  }
}
