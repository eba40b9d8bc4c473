package io.whetstone.cpu;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * A block of memory outside the Java heap: large ones are pages of the system's, small ones the C
 * library's.
 *
 * <p>Java's arenas would zero it, and count it against the heap's limit; a model is larger than
 * that. The C library keeps what is freed, of up to 32 MiB each, and in pieces.
 */
final class Allocation implements AutoCloseable {
  /** Every allocation starts on a cache line, which is also the widest vector. */
  static final int ALIGNMENT = 64;

  private static final long HUGE_PAGE = 2 << 20;
  private static final int MADV_HUGEPAGE = 14;

  /** From so many bytes on a mapping of its own is worth two calls of the system. */
  private static final long MAPPED = 1 << 20;

  private static final int READ_AND_WRITE = 3;

  /** MAP_PRIVATE and MAP_ANONYMOUS, of Linux. */
  private static final int PRIVATE_AND_ANONYMOUS = 0x22;

  private static final boolean LINUX = System.getProperty("os.name").equals("Linux");
  private static final MethodHandle MALLOC =
      function("malloc", FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
  private static final MethodHandle FREE =
      function("free", FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG));
  private static final MethodHandle MADVISE =
      ofLinux(
          "madvise",
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_INT));
  private static final MethodHandle MMAP =
      ofLinux(
          "mmap",
          FunctionDescriptor.of(
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_LONG));
  private static final MethodHandle MUNMAP =
      ofLinux(
          "munmap",
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));

  private final long allocated;

  /** Bytes of a mapping of its own; 0 where the C library gave it. */
  private final long mapped;

  private final long address;
  private final long bytes;
  private boolean closed;

  /**
   * Allocates {@code bytes} with undefined contents.
   *
   * @param purpose what it is for, named when there is not enough
   */
  Allocation(long bytes, String purpose) {
    boolean huge = LINUX && bytes >= 2 * HUGE_PAGE;
    long alignment = huge ? HUGE_PAGE : ALIGNMENT;
    this.bytes = bytes;
    this.mapped = LINUX && bytes >= MAPPED ? bytes + alignment : 0;
    this.allocated = mapped > 0 ? map(mapped) : malloc(bytes + alignment);
    if (allocated == 0) {
      throw new OutOfMemoryError(
          "%s: %,d bytes of memory are needed, and the system has not got them"
              .formatted(purpose, bytes));
    }
    this.address = (allocated + alignment - 1) & -alignment;
    if (huge) {
      adviseHugePages(address, bytes);
    }
  }

  long address() {
    return address;
  }

  long bytes() {
    return bytes;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      if (mapped > 0) {
        unmap(allocated, mapped);
      } else {
        free(allocated);
      }
    }
  }

  private static MethodHandle function(String name, FunctionDescriptor type) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type);
  }

  private static MethodHandle ofLinux(String name, FunctionDescriptor type) {
    return LINUX ? function(name, type) : null;
  }

  /** 0 where the system has not got so much. */
  private static long map(long bytes) {
    try {
      long address =
          (long) MMAP.invokeExact(0L, bytes, READ_AND_WRITE, PRIVATE_AND_ANONYMOUS, -1, 0L);
      return address == -1 ? 0 : address;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static void unmap(long address, long bytes) {
    try {
      int refused = (int) MUNMAP.invokeExact(address, bytes);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static long malloc(long bytes) {
    try {
      return (long) MALLOC.invokeExact(bytes);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static void free(long address) {
    try {
      FREE.invokeExact(address);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Fewer page faults and TLB misses; advice, so a refusal does not matter. */
  private static void adviseHugePages(long address, long bytes) {
    try {
      int refused = (int) MADVISE.invokeExact(address, bytes & -HUGE_PAGE, MADV_HUGEPAGE);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }
}
