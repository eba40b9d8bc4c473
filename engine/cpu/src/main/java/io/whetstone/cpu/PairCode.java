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
import java.util.Optional;

/**
 * {@link PairRows} in AVX-512 machine code, a loop for each number of rows.
 *
 * <p>What it does that compiled Java cannot: it asks for the weights' cache lines ahead of their
 * use, so that reading memory and multiplying overlap, and it keeps up to 28 vectors of sums in
 * registers. It needs no warm-up either.
 */
final class PairCode implements PairRows {
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
  private static final Register SEVEN_ROWS = Register.R9;
  private static final Register THREE_ROWS = Register.R10;
  private static final Register FIVE_ROWS = Register.R11;
  private static final Register EIGHTH_ROW = Register.RAX;

  private static final int MASK = 31;
  private static final int FACTOR = 30;

  /** (address of the code, x, bytes of its rows, block, pairs, sums). */
  private static final MethodHandle CALL =
      Linker.nativeLinker()
          .downcallHandle(
              FunctionDescriptor.ofVoid(
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG),
              Linker.Option.critical(false));

  private static final class Loaded {
    static final Optional<PairCode> CODE = load();
  }

  private final MemorySegment[] plain = new MemorySegment[MOST + 1];
  private final MemorySegment[] ahead = new MemorySegment[MOST + 1];

  private PairCode(MachineCode code, int[] offsets) {
    for (int rows = 1; rows <= MOST; rows++) {
      plain[rows] = code.entry(offsets[2 * rows]);
      ahead[rows] = code.entry(offsets[2 * rows + 1]);
    }
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
    int[] offsets = new int[2 * MOST + 2];
    for (int rows = 1; rows <= MOST; rows++) {
      offsets[2 * rows] = assembler.here();
      new Loop(assembler, rows, false).write();
      offsets[2 * rows + 1] = assembler.here();
      new Loop(assembler, rows, true).write();
    }
    return MachineCode.of(assembler.code()).map(code -> new PairCode(code, offsets));
  }

  @Override
  public int most() {
    return MOST;
  }

  @Override
  public void add(int rows, long x, long xRow, long block, int pairs, long sums, boolean fetching) {
    MemorySegment entry = fetching ? ahead[rows] : plain[rows];
    try {
      CALL.invokeExact(entry, x, xRow, block, (long) pairs, sums);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Writes the code for one number of rows. */
  private static final class Loop {
    private final Assembler to;
    private final int rows;
    private final boolean fetching;
    private final int vectors;

    Loop(Assembler to, int rows, boolean fetching) {
      this.to = to;
      this.rows = rows;
      this.fetching = fetching;
      this.vectors = rows <= MOST_WITH_FOUR_VECTORS ? 4 : 2;
    }

    void write() {
      to.move(Register.RAX, 0xffff0000);
      to.broadcast(MASK, Register.RAX);
      to.address(THREE_ROWS, Address.at(X_ROW, X_ROW, 2));
      to.address(FIVE_ROWS, Address.at(X_ROW, X_ROW, 4));
      to.address(SEVEN_ROWS, Address.at(THREE_ROWS, X_ROW, 4));
      int passes = 4 / vectors;
      for (int pass = 0; pass < passes; pass++) {
        boolean again = pass + 1 < passes;
        if (again) {
          to.push(X);
          to.push(BLOCK);
          to.push(PAIRS);
        }
        columns(pass * vectors * Assembler.VECTOR);
        if (again) {
          to.pop(PAIRS);
          to.pop(BLOCK);
          to.pop(X);
        }
      }
      to.finish();
    }

    /** All pairs, for as many columns as the sums in registers have. */
    private void columns(int first) {
      for (int r = 0; r < rows; r++) {
        for (int v = 0; v < vectors; v++) {
          to.load(sum(r, v), sumAt(r, first + v * Assembler.VECTOR));
        }
      }
      to.address(EIGHTH_ROW, Address.at(X, SEVEN_ROWS, 1));
      int begin = to.here();
      for (int v = 0; v < vectors; v++) {
        to.and(weight(v), MASK, Address.at(BLOCK, first + v * Assembler.VECTOR));
      }
      if (fetching) {
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
      for (int r = 0; r < rows; r++) {
        for (int v = 0; v < vectors; v++) {
          to.store(sumAt(r, first + v * Assembler.VECTOR), sum(r, v));
        }
      }
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

    private static Address sumAt(int row, int column) {
      return Address.at(SUMS, (int) (SUMS_ROW * row) + column);
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
