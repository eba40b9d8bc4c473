package io.whetstone.cpu;

import io.whetstone.cpu.machine.Address;
import io.whetstone.cpu.machine.Assembler;
import io.whetstone.cpu.machine.MachineCode;
import io.whetstone.cpu.machine.MadeCode;
import io.whetstone.cpu.machine.Register;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * {@link FloatTiles} in AVX-512 machine code, a loop for each number of rows.
 *
 * <p>Fourteen rows of two vectors are 28 chains in registers for two loads and fourteen broadcasts:
 * the multiply-adds, two a cycle, are the limit and not the loads. Compiled Java manages half as
 * many chains, and boxes vectors where it is called seldom.
 */
final class FloatCode implements FloatTiles {
  /** Codes for one number of rows. */
  private static final int FORMS = 2 * Sum.values().length;

  private static final int WEIGHT = 28;
  private static final int FACTOR = 30;

  private static final Register A = Register.RDI;
  private static final Register A_ROW = Register.RSI;
  private static final Register A_STEP = Register.RDX;
  private static final Register B = Register.RCX;
  private static final Register B_STEP = Register.R8;
  private static final Register B_BLOCK = Register.R9;
  private static final Register THREE_ROWS = Register.R10;
  private static final Register FIVE_ROWS = Register.R11;
  private static final Register EIGHTH_ROW = Register.RAX;

  /** Kept for the caller, as the convention wants it. */
  private static final Register COUNT = Register.RBX;

  /** Of the arguments that no longer fit into registers, on the stack. */
  private static final int K_AT = 2 * Long.BYTES;

  private static final int C_AT = 3 * Long.BYTES;
  private static final int C_ROW_AT = 4 * Long.BYTES;

  /** (address of the code, a, aRow, aStep, b, bStep, bBlock, k, c, cRow). */
  private static final MethodHandle MULTIPLY = MachineCode.call(9);

  /** (address of the code, from, from's rows, groups of four elements, to). */
  private static final MethodHandle TRANSPOSE = MachineCode.call(4);

  private final MadeCode made = new MadeCode(FORMS * (ROWS + 1));
  private final MemorySegment transposition;

  private FloatCode(MemorySegment transposition) {
    this.transposition = transposition;
  }

  /** The code, or empty where this processor or system cannot run it. */
  static Optional<FloatCode> forThisMachine() {
    // The virtual machine uses vectors of 16 on x86 only where it has found AVX-512.
    return Memory.LANES == COLUMNS
        ? MachineCode.of(transposition()).map(code -> new FloatCode(code.entry()))
        : Optional.empty();
  }

  @Override
  public void multiply(
      int rows,
      int blocks,
      long a,
      long aRow,
      long aStep,
      long b,
      long bStep,
      long bBlock,
      int k,
      long c,
      long cRow,
      Sum sum) {
    MemorySegment entry = entry(rows, blocks, sum);
    try {
      MULTIPLY.invokeExact(entry, a, aRow, aStep, b, bStep, bBlock, (long) k, c, cRow);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void transpose(long from, long fromRow, int size, long to) {
    try {
      TRANSPOSE.invokeExact(transposition, from, fromRow, (long) size / 4, to);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private MemorySegment entry(int rows, int blocks, Sum sum) {
    int index = FORMS * rows + 2 * sum.ordinal() + blocks - 1;
    MemorySegment entry = made.entry(index);
    return entry != null ? entry : made.make(index, new Loop(rows, blocks, sum).code());
  }

  /** Writes the code for one number of rows. */
  private static final class Loop {
    private final Assembler to = new Assembler();
    private final int rows;
    private final int vectors;
    private final Sum sum;

    Loop(int rows, int vectors, Sum sum) {
      this.rows = rows;
      this.vectors = vectors;
      this.sum = sum;
    }

    byte[] code() {
      to.push(COUNT);
      if (sum == Sum.CONTINUED) {
        sums(THREE_ROWS, FIVE_ROWS, true);
      } else {
        for (int chain = 0; chain < rows * vectors; chain++) {
          to.zero(chain);
        }
      }
      to.address(THREE_ROWS, Address.at(A_ROW, A_ROW, 2));
      to.address(FIVE_ROWS, Address.at(A_ROW, A_ROW, 4));
      to.address(EIGHTH_ROW, Address.at(THREE_ROWS, A_ROW, 4));
      to.add(EIGHTH_ROW, A);
      to.move(COUNT, Address.at(Register.RSP, K_AT));
      int begin = to.here();
      to.load(WEIGHT, Address.at(B));
      if (vectors == 2) {
        to.load(WEIGHT + 1, Address.at(B, B_BLOCK, 1));
      }
      for (int r = 0; r < rows; r++) {
        int factor = FACTOR + r % 2;
        to.broadcast(factor, row(r));
        for (int v = 0; v < vectors; v++) {
          to.multiplyAdd(vectors * r + v, factor, WEIGHT + v);
        }
      }
      to.add(A, A_STEP);
      to.add(EIGHTH_ROW, A_STEP);
      to.add(B, B_STEP);
      to.decrementAndJump(COUNT, begin);
      sums(A, A_ROW, false);
      to.pop(COUNT);
      to.finish();
      return to.code();
    }

    /** Loads or stores the sums. */
    private void sums(Register c, Register cRow, boolean load) {
      to.move(c, Address.at(Register.RSP, C_AT));
      to.move(cRow, Address.at(Register.RSP, C_ROW_AT));
      for (int r = 0; r < rows; r++) {
        for (int v = 0; v < vectors; v++) {
          Address at = Address.at(c, v * Assembler.VECTOR);
          if (load) {
            to.load(vectors * r + v, at);
          } else {
            if (sum == Sum.ADDED) {
              to.add(vectors * r + v, vectors * r + v, at);
            }
            to.store(at, vectors * r + v);
          }
        }
        to.add(c, cRow);
      }
    }

    private static Address row(int r) {
      Register base = r < 7 ? A : EIGHTH_ROW;
      return switch (r % 7) {
        case 0 -> Address.at(base);
        case 1 -> Address.at(base, A_ROW, 1);
        case 2 -> Address.at(base, A_ROW, 2);
        case 3 -> Address.at(base, THREE_ROWS, 1);
        case 4 -> Address.at(base, A_ROW, 4);
        case 5 -> Address.at(base, FIVE_ROWS, 1);
        default -> Address.at(base, THREE_ROWS, 2);
      };
    }
  }

  /** Four elements of 16 rows at a time. */
  private static byte[] transposition() {
    Assembler to = new Assembler();
    TurnedRows rows = new TurnedRows(to);
    Register count = Register.RDX;
    Register target = Register.RCX;
    rows.begin();
    int begin = to.here();
    rows.turn(0, 0);
    for (int d = 0; d < 4; d++) {
      to.store(Address.at(target, d * Assembler.VECTOR), d);
    }
    rows.advance(TurnedRows.BYTES);
    to.add(target, 4 * Assembler.VECTOR);
    to.decrementAndJump(count, begin);
    to.finish();
    return to.code();
  }
}
