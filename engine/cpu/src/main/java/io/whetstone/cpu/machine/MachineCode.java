package io.whetstone.cpu.machine;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.Optional;

/**
 * Instructions in memory that the processor may execute: written once, then no longer writable.
 *
 * <p>They stay for the life of the process, which is what their callers assume.
 */
public final class MachineCode {
  private static final int READ_WRITE = 1 | 2;
  private static final int READ_EXECUTE = 1 | 4;
  private static final int PRIVATE_ANONYMOUS = 2 | 32;
  private static final long FAILED = -1;

  /** The system's functions; loading this class looks them up, once. */
  private static final class Library {
    static final MethodHandle MMAP =
        function(
            "mmap",
            FunctionDescriptor.of(
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_LONG));
    static final MethodHandle MPROTECT =
        function(
            "mprotect",
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_INT));

    private static MethodHandle function(String name, FunctionDescriptor type) {
      Linker linker = Linker.nativeLinker();
      return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type);
    }
  }

  private final MemorySegment memory;

  private MachineCode(MemorySegment memory) {
    this.memory = memory;
  }

  /** Whether this is a system that these instructions and calls are for: Linux on x86-64. */
  public static boolean possible() {
    return System.getProperty("os.name").equals("Linux")
        && System.getProperty("os.arch").equals("amd64");
  }

  /**
   * Makes instructions executable; empty where the system does not allow it, as some hardened ones
   * do not.
   */
  public static Optional<MachineCode> of(byte[] instructions) {
    if (!possible()) {
      return Optional.empty();
    }
    try {
      long address =
          (long)
              Library.MMAP.invokeExact(
                  0L, (long) instructions.length, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0L);
      if (address == FAILED) {
        return Optional.empty();
      }
      MemorySegment memory = MemorySegment.ofAddress(address).reinterpret(instructions.length);
      MemorySegment.copy(instructions, 0, memory, ValueLayout.JAVA_BYTE, 0, instructions.length);
      int refused =
          (int) Library.MPROTECT.invokeExact(address, (long) instructions.length, READ_EXECUTE);
      return refused == 0 ? Optional.of(new MachineCode(memory)) : Optional.empty();
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /**
   * A call of code that gives nothing back: (address of the code, arguments). It must end soon, as
   * the virtual machine waits for it where it waits for all threads.
   *
   * @param arguments how many longs it takes
   */
  public static MethodHandle call(int arguments) {
    MemoryLayout[] longs = new MemoryLayout[arguments];
    Arrays.fill(longs, ValueLayout.JAVA_LONG);
    return Linker.nativeLinker()
        .downcallHandle(FunctionDescriptor.ofVoid(longs), Linker.Option.critical(false));
  }

  /** Where its first instruction lies. */
  public MemorySegment entry() {
    return memory;
  }
}
