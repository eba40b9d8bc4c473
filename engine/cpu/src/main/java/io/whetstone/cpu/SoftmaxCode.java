package io.whetstone.cpu;

import io.whetstone.cpu.machine.Address;
import io.whetstone.cpu.machine.Assembler;
import io.whetstone.cpu.machine.MachineCode;
import io.whetstone.cpu.machine.Register;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/** {@link SoftmaxKernel} in AVX-512 machine code. */
final class SoftmaxCode implements SoftmaxKernel {
  /** (address of the code, table, rows, numbers, maxes, totals). */
  private static final MethodHandle EXPONENTIALS = MachineCode.call(5);

  /** (address of the code, table, rows, numbers). */
  private static final MethodHandle GRADIENTS = MachineCode.call(3);

  private final MemorySegment exponentials;
  private final MemorySegment gradients;

  private SoftmaxCode(MemorySegment exponentials, MemorySegment gradients) {
    this.exponentials = exponentials;
    this.gradients = gradients;
  }

  /** The code, or empty where this processor or system cannot run it. */
  static Optional<SoftmaxCode> forThisMachine() {
    if (Memory.LANES * Float.BYTES != Assembler.VECTOR) {
      return Optional.empty();
    }
    return MachineCode.of(new Writer().exponentials())
        .flatMap(
            first ->
                MachineCode.of(new Writer().gradients())
                    .map(second -> new SoftmaxCode(first.entry(), second.entry())));
  }

  @Override
  public void exponentials(long table, int rows, long numbers, long maxes, long totals) {
    try {
      EXPONENTIALS.invokeExact(exponentials, table, (long) rows, numbers, maxes, totals);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void gradients(long table, int rows, long numbers) {
    try {
      GRADIENTS.invokeExact(gradients, table, (long) rows, numbers);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static final class Writer {
    private static final Register RECORD_AT = Register.RDI;
    private static final Register ROWS = Register.RSI;
    private static final Register NUMBERS = Register.RDX;
    private static final Register MAXES = Register.RCX;
    private static final Register TOTALS = Register.R8;

    /** Where a row's seen part begins. */
    private static final Register BEGIN = Register.R9;

    private static final Register AT = Register.R10;
    private static final Register COUNT = Register.R11;

    /** Once there are constants. */
    private static final Register LAST_AT = Register.RAX;

    /** In place of {@link #MAXES} and {@link #TOTALS}. */
    private static final Register SLOPES_BEGIN = Register.RCX;

    private static final Register SLOPES_AT = Register.R8;

    private static final int FIRST_LANES = 1;
    private static final int LAST_LANES = 2;

    private static final int FACTOR = 16;
    private static final int LOWEST = 15;
    private static final int SCALE = 15;
    private static final int BEND = 14;
    private static final int LOGS = 13;
    private static final int MEANS = 12;

    private final Assembler to = new Assembler();
    private final ExpCode exp = new ExpCode(to);

    byte[] exponentials() {
      int sum = 5;
      int max = 6;
      exp.constants();
      exp.constant(LOWEST, Float.NEGATIVE_INFINITY);
      to.broadcast(FACTOR, Address.at(NUMBERS));
      int begin = to.here();
      clear(AT, ROW, BEFORE);
      to.address(BEGIN, Address.at(AT));
      masks();
      // A score of −∞ adds less to a sum than its last bit, so that the loops need no masks.
      to.move(LAST_AT, field(DISTANCE));
      to.add(LAST_AT, BEGIN);
      only(FIRST_LANES, BEGIN);
      only(LAST_LANES, LAST_AT);
      to.copy(max, LOWEST);
      int maxes = loop();
      to.load(0, Address.at(AT));
      to.larger(max, max, 0);
      end(maxes);
      to.exchangeHalves(0, max);
      to.larger(max, max, 0);
      to.exchangeQuarters(0, max);
      to.larger(max, max, 0);
      to.exchangePairs(0, max);
      to.larger(max, max, 0);
      to.exchangeLanes(0, max);
      to.larger(max, max, 0);
      to.multiply(max, FACTOR, max);
      to.storeFloat(Address.at(MAXES), max);
      to.zero(sum);
      int exponentials = loop();
      to.load(1, Address.at(AT));
      to.multiplyLess(1, FACTOR, max);
      exp.ofNegative(0, 1, 2, 3);
      to.store(Address.at(AT), 0);
      to.add(sum, sum, 0);
      end(exponentials);
      // The tree of VectorMath.sum: only the first lane is whole in the end.
      to.exchangeHalves(0, sum);
      to.add(sum, sum, 0);
      to.exchangeQuarters(0, sum);
      to.add(sum, sum, 0);
      to.exchangePairs(0, sum);
      to.add(sum, sum, 0);
      to.exchangeLanes(0, sum);
      to.add(sum, sum, 0);
      to.storeFloat(Address.at(TOTALS), sum);
      hide(BEGIN, LAST_AT);
      clear(AFTER);
      to.add(MAXES, Float.BYTES);
      to.add(TOTALS, Float.BYTES);
      return next(begin);
    }

    byte[] gradients() {
      exp.constants();
      to.broadcast(FACTOR, Address.at(NUMBERS));
      to.broadcast(SCALE, Address.at(NUMBERS, 4));
      to.broadcast(BEND, Address.at(NUMBERS, 8));
      int begin = to.here();
      clear(AT, SLOPES, BEFORE);
      to.address(SLOPES_BEGIN, Address.at(AT));
      to.address(SLOPES_AT, Address.at(AT));
      clear(AT, ROW, BEFORE);
      to.address(BEGIN, Address.at(AT));
      masks();
      to.broadcast(LOGS, field(LOG));
      to.broadcast(MEANS, field(LOG).plus(Float.BYTES));
      int loop = loop();
      to.load(4, Address.at(AT));
      to.multiply(4, 4, FACTOR);
      to.subtract(1, 4, LOGS);
      exp.ofNegative(0, 1, 2, 3);
      to.load(5, Address.at(SLOPES_AT));
      to.subtract(5, 5, MEANS);
      to.multiply(5, 5, 0);
      to.multiply(5, 5, SCALE);
      to.multiply(4, 4, 4);
      to.multiplyInto(4, BEND, ExpCode.ONE);
      to.multiply(5, 5, 4);
      to.store(Address.at(AT), 0);
      to.store(Address.at(SLOPES_AT), 5);
      to.add(SLOPES_AT, Assembler.VECTOR);
      end(loop);
      clear(AFTER);
      to.address(AT, Address.at(SLOPES_AT));
      clear(AFTER);
      to.move(AT, field(DISTANCE));
      to.address(LAST_AT, Address.at(BEGIN, AT, 1));
      hide(BEGIN, LAST_AT);
      to.address(LAST_AT, Address.at(SLOPES_BEGIN, AT, 1));
      hide(SLOPES_BEGIN, LAST_AT);
      return next(begin);
    }

    private void masks() {
      to.move(Register.RAX, field(FIRST));
      to.mark(FIRST_LANES, Register.RAX);
      to.move(Register.RAX, field(LAST));
      to.mark(LAST_LANES, Register.RAX);
    }

    /** The lanes that do not count become −∞. */
    private void only(int lanes, Register vector) {
      to.copy(0, LOWEST);
      to.load(0, Address.at(vector), lanes);
      to.store(Address.at(vector), 0);
    }

    /** The lanes that do not count become 0. */
    private void hide(Register first, Register last) {
      to.load(0, Address.at(first));
      to.keep(0, 0, FIRST_LANES);
      to.store(Address.at(first), 0);
      to.load(0, Address.at(last));
      to.keep(0, 0, LAST_LANES);
      to.store(Address.at(last), 0);
    }

    /** Zeroes a number of vectors from an address on, which then is behind them. */
    private void clear(Register at, long address, long count) {
      to.move(at, field(address));
      clear(count);
    }

    private void clear(long count) {
      to.move(COUNT, field(count));
      int none = to.jumpIfZero(COUNT);
      int begin = to.here();
      to.store(Address.at(AT), ExpCode.ZERO);
      to.add(AT, Assembler.VECTOR);
      to.decrementAndJump(COUNT, begin);
      to.land(none);
    }

    /** Begins a loop over the vectors that are seen. */
    private int loop() {
      to.address(AT, Address.at(BEGIN));
      to.move(COUNT, field(SEEN));
      return to.here();
    }

    private void end(int loop) {
      to.add(AT, Assembler.VECTOR);
      to.decrementAndJump(COUNT, loop);
    }

    private byte[] next(int begin) {
      to.add(RECORD_AT, (int) RECORD);
      to.decrementAndJump(ROWS, begin);
      to.finish();
      return to.code();
    }

    private static Address field(long offset) {
      return Address.at(RECORD_AT, (int) offset);
    }
  }
}
