package io.whetstone.cpu;

import io.whetstone.cpu.machine.Address;
import io.whetstone.cpu.machine.Assembler;
import io.whetstone.cpu.machine.MachineCode;
import io.whetstone.cpu.machine.Register;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * {@link PairRows} in AVX-512 machine code, a loop for each number of rows.
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

  /** From a pair of x to the next. */
  private static final int X_PAIR = 8;

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
  private static final MethodHandle CALL =
      Linker.nativeLinker()
          .downcallHandle(
              FunctionDescriptor.ofVoid(
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG),
              Linker.Option.critical(false));

  private static final class Loaded {
    static final Optional<PairCode> CODE = load();
  }

  /**
   * What becomes of the sums.
   *
   * @param continued whether they begin with what is there, else with 0
   * @param further whether what is there is added at the end
   * @param result null where they are kept
   */
  private record Form(boolean continued, boolean further, Result result) {
    private static final int COUNT = 2 + 2 * (Result.values().length + 1);

    int number() {
      return continued ? 0 : number(further, result);
    }

    static int number(boolean further, Result result) {
      return 2 + 2 * (result == null ? 0 : 1 + result.ordinal()) + (further ? 1 : 0);
    }
  }

  private static final Form CONTINUED = new Form(true, false, null);

  private final MemorySegment[] entries;

  private PairCode(MachineCode code, int[] offsets) {
    entries = new MemorySegment[offsets.length];
    Arrays.setAll(entries, i -> code.entry(offsets[i]));
  }

  /** The code, or empty where this processor or system cannot run it. */
  static Optional<PairCode> forThisMachine() {
    return Loaded.CODE;
  }

  private static Optional<PairCode> load() {
    // The virtual machine uses vectors of 16 on x86 only where it has found AVX-512.
    if (Memory.LANES != 16) {
      return Optional.empty();
    }
    Assembler assembler = new Assembler();
    int[] offsets = new int[2 * Form.COUNT * (MOST + 1)];
    for (int rows = 1; rows <= MOST; rows++) {
      for (boolean ahead : new boolean[] {false, true}) {
        for (Form form : forms()) {
          offsets[index(rows, ahead, form.number())] = assembler.here();
          new Loop(assembler, rows, ahead, form).write();
        }
      }
    }
    return MachineCode.of(assembler.code()).map(code -> new PairCode(code, offsets));
  }

  private static List<Form> forms() {
    List<Form> forms = new ArrayList<>(List.of(CONTINUED));
    for (boolean further : new boolean[] {false, true}) {
      forms.add(new Form(false, further, null));
      for (Result result : Result.values()) {
        forms.add(new Form(false, further, result));
      }
    }
    return forms;
  }

  private static int index(int rows, boolean ahead, int form) {
    return (2 * rows + (ahead ? 1 : 0)) * Form.COUNT + form;
  }

  @Override
  public int most() {
    return MOST;
  }

  @Override
  public void add(int rows, long x, long xRow, long block, int pairs, long sums, boolean ahead) {
    call(index(rows, ahead, CONTINUED.number()), x, xRow, block, pairs, sums, 0, 0);
  }

  @Override
  public boolean chunk(
      int rows,
      long x,
      long xRow,
      long block,
      int pairs,
      long sums,
      boolean further,
      Result result,
      long c,
      long cRow,
      boolean ahead) {
    call(index(rows, ahead, Form.number(further, result)), x, xRow, block, pairs, sums, c, cRow);
    return true;
  }

  private void call(
      int entry, long x, long xRow, long block, long pairs, long sums, long c, long cRow) {
    try {
      CALL.invokeExact(entries[entry], x, xRow, block, pairs, sums, c, cRow);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Writes the code for one number of rows. */
  private static final class Loop {
    private final Assembler to;
    private final int rows;
    private final boolean ahead;
    private final Form form;
    private final int vectors;

    Loop(Assembler to, int rows, boolean ahead, Form form) {
      this.to = to;
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
          if (form.continued) {
            to.load(sum(r, v), sumAt(r, firstVector + v));
          } else {
            to.zero(sum(r, v));
          }
        }
      }
      constant(MASK, 0xffff0000);
      to.address(THREE_ROWS, Address.at(X_ROW, X_ROW, 2));
      to.address(EIGHTH_ROW, Address.at(THREE_ROWS, X_ROW, 4));
      to.add(EIGHTH_ROW, X);
      int begin = to.here();
      for (int v = 0; v < vectors; v++) {
        to.and(weight(v), MASK, Address.at(BLOCK, first + v * Assembler.VECTOR));
      }
      if (ahead) {
        for (int v = 0; v < vectors; v++) {
          to.prefetch(Address.at(BLOCK, AHEAD * PAIR + first + v * Assembler.VECTOR));
        }
      }
      multiply(Float.BYTES);
      for (int v = 0; v < vectors; v++) {
        to.shiftLeft(weight(v), Address.at(BLOCK, first + v * Assembler.VECTOR), 16);
      }
      multiply(0);
      to.add(X, X_PAIR);
      to.add(EIGHTH_ROW, X_PAIR);
      to.add(BLOCK, PAIR);
      to.decrementAndJump(PAIRS, begin);
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
          if (form.further) {
            to.add(sum, sum, sumAt(r, firstVector + v));
          }
          if (form.result == null) {
            to.store(sumAt(r, firstVector + v), sum);
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
