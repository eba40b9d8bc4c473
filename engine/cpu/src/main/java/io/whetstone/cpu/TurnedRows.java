package io.whetstone.cpu;

import io.whetstone.cpu.machine.Address;
import io.whetstone.cpu.machine.Assembler;
import io.whetstone.cpu.machine.Register;

/**
 * Writes code that reads 16 rows turned: 16 bytes of each become four vectors, in which a lane is a
 * row.
 *
 * <p>The code begins with the first row in RDI and the bytes from a row to the next in RSI; it uses
 * RAX, R9, R10 and R11 besides.
 */
final class TurnedRows {
  /** Bytes of each row that are turned at once. */
  static final int BYTES = 16;

  /** Vectors that are used for it, from the first on. */
  static final int VECTORS = 8;

  private static final Register ROW = Register.RSI;
  private static final Register FOUR = ROW;
  private static final Register TWELVE = Register.R11;

  /** The first four rows; the others lie four, eight and twelve rows further on. */
  private static final Register[] FIRST = {Register.RDI, Register.RAX, Register.R9, Register.R10};

  private final Assembler to;

  TurnedRows(Assembler to) {
    this.to = to;
  }

  /** To be called once, before the loop. */
  void begin() {
    for (int r = 1; r < FIRST.length; r++) {
      to.address(FIRST[r], Address.at(FIRST[r - 1], ROW, 1));
    }
    to.address(FOUR, Address.at(ROW, ROW, 1));
    to.address(FOUR, Address.at(FOUR, FOUR, 1));
    to.address(TWELVE, Address.at(FOUR, FOUR, 2));
  }

  /**
   * Turns 16 bytes of each row.
   *
   * <p>Rows r, r + 4, r + 8 and r + 12 become one vector's quarters, and then the quarters of four
   * such vectors are transposed.
   *
   * @param offset of the bytes from where the rows are
   * @param vector the first of four
   */
  void turn(int offset, int vector) {
    for (int r = 0; r < FIRST.length; r++) {
      to.loadQuarter(r, Address.at(FIRST[r], offset));
      to.insertQuarter(r, r, Address.at(FIRST[r], FOUR, 1).plus(offset), 1);
      to.insertQuarter(r, r, Address.at(FIRST[r], FOUR, 2).plus(offset), 2);
      to.insertQuarter(r, r, Address.at(FIRST[r], TWELVE, 1).plus(offset), 3);
    }
    to.interleaveLow(4, 0, 1);
    to.interleaveHigh(5, 0, 1);
    to.interleaveLow(6, 2, 3);
    to.interleaveHigh(7, 2, 3);
    to.joinLow(vector, 4, 6);
    to.joinHigh(vector + 1, 4, 6);
    to.joinLow(vector + 2, 5, 7);
    to.joinHigh(vector + 3, 5, 7);
  }

  /** Goes on in every row. */
  void advance(int bytes) {
    for (Register row : FIRST) {
      to.add(row, bytes);
    }
  }
}
