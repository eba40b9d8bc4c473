package io.whetstone.cpu;

import io.whetstone.cpu.machine.Address;
import io.whetstone.cpu.machine.Assembler;
import io.whetstone.cpu.machine.MachineCode;
import io.whetstone.cpu.machine.MadeCode;
import io.whetstone.cpu.machine.Register;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Optional;

/**
 * {@link PairRows} in AVX-512 machine code, a loop for each number of rows: by the processor's own
 * products of bfloat16 pairs where they are fast, else by F32 multiply-adds.
 *
 * <p>What it does that compiled Java cannot: it asks for the weights' cache lines ahead of their
 * use, so that reading memory and multiplying overlap, and it keeps up to 28 vectors of sums in
 * registers. It needs no warm-up either.
 */
final class PairCode implements PairRows {
  private static final int LANES = 16;

  /** Two vectors of sums a row, two of weights, a factor and a mask: all 32 registers. */
  private static final int MOST = 14;

  /** So many rows can have four vectors of sums each. */
  private static final int MOST_WITH_FOUR_VECTORS = 6;

  /** Pairs that are fetched ahead: 16 kB of weights, a third of a first cache. */
  static final int AHEAD = 64;

  /** From a pair of a block to the next. */
  private static final int PAIR = 4 * PairMatrix.COLUMNS;

  private static final Register X = Register.RDI;
  private static final Register X_ROW = Register.RSI;
  private static final Register BLOCK = Register.RDX;
  private static final Register PAIRS = Register.RCX;
  private static final Register SUMS = Register.R8;
  private static final Register C = Register.R9;
  private static final Register THREE_ROWS = Register.R10;
  private static final Register FIVE_ROWS = Register.R11;
  private static final Register EIGHTH_ROW = Register.RAX;

  /** Only needed when {@link #THREE_ROWS} no longer is. */
  private static final Register C_ROW = THREE_ROWS;

  private static final int MASK = 31;
  private static final int FACTOR = 30;

  /** While sums are rounded, no weights and factors are needed. */
  private static final int ROUNDED = 28;

  private static final int ONE = 29;
  private static final int HALF = 30;
  private static final int NOT_A_NUMBER = 31;

  /** (address of the code, x, bytes of its rows, block, pairs, sums, c, bytes of its rows). */
  private static final MethodHandle CALL = MachineCode.call(7);

  /** What can be asked for. */
  private static final int FORMS = 2 * (1 + 2 * (1 + Result.values().length));

  /**
   * Where sums begin and what becomes of them.
   *
   * @param begins whether they begin with 0, else with what is there
   * @param last whether the chunk ends, else sums are kept
   * @param further whether the totals are added then
   * @param result null where totals are kept then
   */
  private record Form(boolean begins, boolean last, boolean further, Result result) {}

  private final MadeCode made = new MadeCode(FORMS * 2 * (MOST + 1));
  private final boolean multipliesPairs;

  private PairCode(boolean multipliesPairs) {
    this.multipliesPairs = multipliesPairs;
  }

  /**
   * The code, or empty where this processor or system cannot run it.
   *
   * @param multipliesPairs whether to use AVX512_BF16, which the processor must then have
   */
  static Optional<PairCode> forThisMachine(boolean multipliesPairs) {
    // The virtual machine uses vectors of 16 on x86 only where it has found AVX-512.
    boolean possible = Memory.LANES == LANES && MachineCode.of(new byte[1]).isPresent();
    return possible ? Optional.of(new PairCode(multipliesPairs)) : Optional.empty();
  }

  @Override
  public int factorBytes() {
    return multipliesPairs ? Short.BYTES : Float.BYTES;
  }

  @Override
  public int most() {
    return MOST;
  }

  @Override
  public void part(
      int rows,
      long x,
      long xRow,
      long block,
      int pairs,
      long sums,
      boolean begins,
      boolean ahead) {
    call(entry(rows, ahead, begins, false, false, null), x, xRow, block, pairs, sums, 0, 0);
  }

  @Override
  public void last(
      int rows,
      long x,
      long xRow,
      long block,
      int pairs,
      long sums,
      boolean begins,
      boolean ahead,
      boolean further,
      Result result,
      long c,
      long cRow) {
    call(entry(rows, ahead, begins, true, further, result), x, xRow, block, pairs, sums, c, cRow);
  }

  private MemorySegment entry(
      int rows, boolean ahead, boolean begins, boolean last, boolean further, Result result) {
    int end = !last ? 0 : 1 + 2 * (result == null ? 0 : 1 + result.ordinal()) + (further ? 1 : 0);
    int index = ((2 * rows + (ahead ? 1 : 0)) * FORMS / 2 + end) * 2 + (begins ? 1 : 0);
    MemorySegment entry = made.entry(index);
    return entry != null
        ? entry
        : made.make(index, code(rows, ahead, new Form(begins, last, further, result)));
  }

  private byte[] code(int rows, boolean ahead, Form form) {
    Assembler assembler = new Assembler();
    new Loop(assembler, multipliesPairs, rows, ahead, form).write();
    return assembler.code();
  }

  private static void call(
      MemorySegment entry,
      long x,
      long xRow,
      long block,
      long pairs,
      long sums,
      long c,
      long cRow) {
    try {
      CALL.invokeExact(entry, x, xRow, block, pairs, sums, c, cRow);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Writes the code for one number of rows. */
  private static final class Loop {
    private final Assembler to;
    private final boolean multipliesPairs;
    private final int rows;
    private final boolean ahead;
    private final Form form;
    private final int vectors;

    Loop(Assembler to, boolean multipliesPairs, int rows, boolean ahead, Form form) {
      this.to = to;
      this.multipliesPairs = multipliesPairs;
      this.rows = rows;
      this.ahead = ahead;
      this.form = form;
      this.vectors = rows <= MOST_WITH_FOUR_VECTORS ? 4 : 2;
    }

    void write() {
      to.address(FIVE_ROWS, Address.at(X_ROW, X_ROW, 4));
      List<Register> used = List.of(X, BLOCK, PAIRS, C);
      int passes = 4 / vectors;
      for (int pass = 0; pass < passes; pass++) {
        boolean again = pass + 1 < passes;
        if (again) {
          used.forEach(to::push);
        }
        columns(pass * vectors);
        finish(pass * vectors, again ? Long.BYTES * used.size() : 0);
        if (again) {
          used.reversed().forEach(to::pop);
        }
      }
      to.finish();
    }

    /** All pairs, for as many columns as the sums in registers have. */
    private void columns(int firstVector) {
      int first = firstVector * Assembler.VECTOR;
      for (int r = 0; r < rows; r++) {
        for (int v = 0; v < vectors; v++) {
          if (form.begins) {
            to.zero(sum(r, v));
          } else {
            to.load(sum(r, v), sumAt(r, firstVector + v));
          }
        }
      }
      if (!multipliesPairs) {
        constant(MASK, 0xffff0000);
      }
      to.address(THREE_ROWS, Address.at(X_ROW, X_ROW, 2));
      to.address(EIGHTH_ROW, Address.at(THREE_ROWS, X_ROW, 4));
      to.add(EIGHTH_ROW, X);
      int begin = to.here();
      if (multipliesPairs) {
        pair(first);
      } else {
        oddThenEven(first);
      }
      int factors = multipliesPairs ? 2 * Short.BYTES : 2 * Float.BYTES;
      to.add(X, factors);
      to.add(EIGHTH_ROW, factors);
      to.add(BLOCK, PAIR);
      to.decrementAndJump(PAIRS, begin);
    }

    /** Both elements of a pair, by the processor's own instruction. */
    private void pair(int first) {
      for (int v = 0; v < vectors; v++) {
        to.load(weight(v), Address.at(BLOCK, first + v * Assembler.VECTOR));
      }
      fetchAhead(first);
      for (int r = 0; r < rows; r++) {
        to.broadcast(FACTOR, row(r));
        for (int v = 0; v < vectors; v++) {
          to.multiplyAddPairs(sum(r, v), FACTOR, weight(v));
        }
      }
    }

    /** The same in two steps of F32. */
    private void oddThenEven(int first) {
      for (int v = 0; v < vectors; v++) {
        to.and(weight(v), MASK, Address.at(BLOCK, first + v * Assembler.VECTOR));
      }
      fetchAhead(first);
      multiply(Float.BYTES);
      for (int v = 0; v < vectors; v++) {
        to.shiftLeft(weight(v), Address.at(BLOCK, first + v * Assembler.VECTOR), 16);
      }
      multiply(0);
    }

    private void fetchAhead(int first) {
      if (ahead) {
        for (int v = 0; v < vectors; v++) {
          to.prefetch(Address.at(BLOCK, AHEAD * PAIR + first + v * Assembler.VECTOR));
        }
      }
    }

    /**
     * Puts the sums where they belong.
     *
     * @param pushed bytes on the stack above the return address
     */
    private void finish(int firstVector, int pushed) {
      if (form.result != null) {
        to.move(C_ROW, Address.at(Register.RSP, pushed + Long.BYTES));
      }
      if (form.result == Result.BF16) {
        constant(ONE, 1);
        constant(HALF, 0x7fff);
        constant(NOT_A_NUMBER, 0x7fc00000);
      }
      for (int r = 0; r < rows; r++) {
        for (int v = 0; v < vectors; v++) {
          int sum = sum(r, v);
          Address kept = sumAt(r, firstVector + v).plus(form.last ? (int) TOTALS : 0);
          if (form.further) {
            to.add(sum, sum, kept);
          }
          if (form.result == null) {
            to.store(kept, sum);
          } else {
            put(sum, firstVector + v);
          }
        }
        if (form.result != null) {
          to.add(C, C_ROW);
        }
      }
    }

    private void put(int sum, int vector) {
      Address at = Address.at(C, vector * LANES * form.result.bytes());
      if (form.result == Result.BF16) {
        round(sum);
        to.storeWords(at, ROUNDED);
      } else {
        if (form.result == Result.F32_ADDED) {
          to.add(sum, sum, at);
        }
        to.store(at, sum);
      }
    }

    /** To nearest even, as {@link Bfloat16#round} does it, into the lower halves. */
    private void round(int sum) {
      to.shiftRight(ROUNDED, sum, 16);
      to.and(ROUNDED, ROUNDED, ONE);
      to.addIntegers(ROUNDED, ROUNDED, sum);
      to.addIntegers(ROUNDED, ROUNDED, HALF);
      to.markNotNumbers(1, sum);
      to.replace(ROUNDED, NOT_A_NUMBER, 1);
      to.shiftRight(ROUNDED, ROUNDED, 16);
    }

    private void constant(int vector, int bits) {
      to.move(Register.RAX, bits);
      to.broadcast(vector, Register.RAX);
    }

    private void multiply(int offset) {
      for (int r = 0; r < rows; r++) {
        to.broadcast(FACTOR, row(r).plus(offset));
        for (int v = 0; v < vectors; v++) {
          to.multiplyAdd(sum(r, v), FACTOR, weight(v));
        }
      }
    }

    private static Address row(int r) {
      Register base = r < 7 ? X : EIGHTH_ROW;
      return switch (r % 7) {
        case 0 -> Address.at(base);
        case 1 -> Address.at(base, X_ROW, 1);
        case 2 -> Address.at(base, X_ROW, 2);
        case 3 -> Address.at(base, THREE_ROWS, 1);
        case 4 -> Address.at(base, X_ROW, 4);
        case 5 -> Address.at(base, FIVE_ROWS, 1);
        default -> Address.at(base, THREE_ROWS, 2);
      };
    }

    private static Address sumAt(int row, int vector) {
      return Address.at(SUMS, (int) (SUMS_ROW * row) + vector * Assembler.VECTOR);
    }

    private int sum(int row, int vector) {
      return row * vectors + vector;
    }

    /** Right below the factor: with two vectors there are 28 sums, with four 24. */
    private int weight(int vector) {
      return FACTOR - vectors + vector;
    }
  }
}
