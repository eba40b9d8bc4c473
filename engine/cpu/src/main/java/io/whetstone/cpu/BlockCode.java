package io.whetstone.cpu;

import io.whetstone.cpu.machine.MachineCode;
import io.whetstone.cpu.machine.Processor;
import io.whetstone.tensor.DType;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/** {@link BlockTiles} in AVX-512 machine code, a {@link BlockLoop} for each type. */
final class BlockCode implements BlockTiles {
  /** (address of the code, from, from's rows, blocks of each, to, ahead). */
  private static final MethodHandle DECODE =
      Linker.nativeLinker()
          .downcallHandle(
              FunctionDescriptor.ofVoid(
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG),
              Linker.Option.critical(false));

  private static final int TYPES = DType.values().length;

  private final MemorySegment[] entries = new MemorySegment[2 * TYPES];

  private BlockCode() {}

  /** The code, or empty where this processor or system cannot run it. */
  static Optional<BlockCode> forThisMachine() {
    // The virtual machine uses vectors of 16 on x86 only where it has found AVX-512.
    boolean possible =
        Memory.LANES == ROWS
            && Processor.has("avx512_bf16")
            && MachineCode.of(new byte[1]).isPresent();
    return possible ? Optional.of(new BlockCode()) : Optional.empty();
  }

  @Override
  public int mostRows() {
    return Integer.MAX_VALUE;
  }

  @Override
  public void decode(
      DType type, DType compute, long from, long row, int count, long to, long ahead) {
    long blocks = count / type.blockElements();
    try {
      DECODE.invokeExact(entry(type, compute), from, row, blocks, to, ahead);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Code is made when it is first needed; made twice by two threads it is the same. */
  private MemorySegment entry(DType type, DType compute) {
    int index = type.ordinal() + (compute == DType.BF16 ? TYPES : 0);
    MemorySegment entry = entries[index];
    if (entry == null) {
      entry =
          MachineCode.of(new BlockLoop(type, compute).code())
              .orElseThrow(() -> new OutOfMemoryError("no memory for a kernel's code"))
              .entry();
      entries[index] = entry;
    }
    return entry;
  }
}
