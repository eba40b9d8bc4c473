package io.whetstone.cpu;

import io.whetstone.cpu.machine.Address;
import io.whetstone.cpu.machine.Assembler;
import io.whetstone.cpu.machine.MachineCode;
import io.whetstone.cpu.machine.MadeCode;
import io.whetstone.cpu.machine.Processor;
import io.whetstone.cpu.machine.Register;
import io.whetstone.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/** {@link BlockTiles} in AVX-512 machine code, a {@link BlockLoop} for each type. */
final class BlockCode implements BlockTiles {
  /** (address of the code, from, from's rows, blocks of each, to, ahead). */
  private static final MethodHandle DECODE = MachineCode.call(5);

  /** (address of the code, from, from's rows, blocks of each, x, ahead, sums). */
  private static final MethodHandle MULTIPLY = MachineCode.call(6);

  /** (address of the code, from, lines). */
  private static final MethodHandle FETCH = MachineCode.call(2);

  private static final int TYPES = DType.values().length;

  private final MadeCode made = new MadeCode(4 * TYPES);
  private final MemorySegment fetching;

  private BlockCode(MemorySegment fetching) {
    this.fetching = fetching;
  }

  /** The code, or empty where this processor or system cannot run it. */
  static Optional<BlockCode> forThisMachine() {
    // The virtual machine uses vectors of 16 on x86 only where it has found AVX-512.
    return Memory.LANES == ROWS && Processor.has("avx512_bf16")
        ? MachineCode.of(fetching()).map(code -> new BlockCode(code.entry()))
        : Optional.empty();
  }

  private static byte[] fetching() {
    Assembler to = new Assembler();
    int begin = to.here();
    to.prefetchSecond(Address.at(Register.RDI));
    to.add(Register.RDI, Assembler.VECTOR);
    to.decrementAndJump(Register.RSI, begin);
    to.finish();
    return to.code();
  }

  @Override
  public int mostRows() {
    return Integer.MAX_VALUE;
  }

  @Override
  public boolean multiplies(DType type) {
    return type != DType.Q6_K;
  }

  @Override
  public void decode(
      DType type, DType compute, long from, long row, int count, long to, long ahead) {
    long blocks = count / type.blockElements();
    try {
      DECODE.invokeExact(entry(type, compute, false), from, row, blocks, to, ahead);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void multiply(
      DType type, DType compute, long from, long row, int count, long x, long sums, long ahead) {
    long blocks = count / type.blockElements();
    try {
      MULTIPLY.invokeExact(entry(type, compute, true), from, row, blocks, x, ahead, sums);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void fetch(long from, long bytes) {
    try {
      FETCH.invokeExact(fetching, from, (bytes + Assembler.VECTOR - 1) / Assembler.VECTOR);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private MemorySegment entry(DType type, DType compute, boolean multiplies) {
    int form = type.ordinal() * 4 + (compute == DType.BF16 ? 2 : 0) + (multiplies ? 1 : 0);
    MemorySegment entry = made.entry(form);
    return entry != null ? entry : made.make(form, new BlockLoop(type, compute, multiplies).code());
  }
}
