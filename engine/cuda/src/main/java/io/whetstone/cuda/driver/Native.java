package io.whetstone.cuda.driver;

import static java.lang.foreign.ValueLayout.JAVA_CHAR;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Calls C functions by their address, an overload for each row of parameter types: a pointer, a
 * handle or a size is a long, an enumerator or an int is an int, an unsigned short a char. No call
 * allocates.
 *
 * <p>The handles are constants, which the compiler looks through; the addresses belong to the
 * library that was found.
 */
final class Native {
  private static final MethodHandle I = signature(JAVA_INT);
  private static final MethodHandle L = signature(JAVA_LONG);
  private static final MethodHandle LI = signature(JAVA_LONG, JAVA_INT);
  private static final MethodHandle LL = signature(JAVA_LONG, JAVA_LONG);
  private static final MethodHandle IL = signature(JAVA_INT, JAVA_LONG);
  private static final MethodHandle LII = signature(JAVA_LONG, JAVA_INT, JAVA_INT);
  private static final MethodHandle LIL = signature(JAVA_LONG, JAVA_INT, JAVA_LONG);
  private static final MethodHandle LLI = signature(JAVA_LONG, JAVA_LONG, JAVA_INT);
  private static final MethodHandle LLL = signature(JAVA_LONG, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle LILL = signature(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle LILLL =
      signature(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle LSLL = signature(JAVA_LONG, JAVA_CHAR, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle LLLL = signature(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle LLLILL =
      signature(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle HEURISTIC =
      signature(
          JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT,
          JAVA_LONG, JAVA_LONG);
  private static final MethodHandle ALGORITHM_CHECK =
      signature(
          JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle LAUNCH =
      signature(
          JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT,
          JAVA_LONG, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle MATMUL =
      signature(
          JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
          JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle LONG =
      Linker.nativeLinker().downcallHandle(FunctionDescriptor.of(JAVA_LONG));
  private static final MethodHandle TEXT =
      Linker.nativeLinker().downcallHandle(FunctionDescriptor.of(JAVA_LONG, JAVA_INT));

  private Native() {}

  private static MethodHandle signature(MemoryLayout... parameters) {
    return Linker.nativeLinker().downcallHandle(FunctionDescriptor.of(JAVA_INT, parameters));
  }

  private static AssertionError impossible(Throwable e) {
    return new AssertionError("a C function cannot throw", e);
  }

  static int call(MemorySegment f, int a) {
    try {
      return (int) I.invokeExact(f, a);
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  static int call(MemorySegment f, long a) {
    try {
      return (int) L.invokeExact(f, a);
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  static int call(MemorySegment f, long a, int b) {
    try {
      return (int) LI.invokeExact(f, a, b);
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  static int call(MemorySegment f, long a, long b) {
    try {
      return (int) LL.invokeExact(f, a, b);
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  static int call(MemorySegment f, int a, long b) {
    try {
      return (int) IL.invokeExact(f, a, b);
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  static int call(MemorySegment f, long a, int b, int c) {
    try {
      return (int) LII.invokeExact(f, a, b, c);
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  static int call(MemorySegment f, long a, int b, long c) {
    try {
      return (int) LIL.invokeExact(f, a, b, c);
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  static int call(MemorySegment f, long a, long b, int c) {
    try {
      return (int) LLI.invokeExact(f, a, b, c);
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  static int call(MemorySegment f, long a, long b, long c) {
    try {
      return (int) LLL.invokeExact(f, a, b, c);
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  static int call(MemorySegment f, long a, int b, long c, long d) {
    try {
      return (int) LILL.invokeExact(f, a, b, c, d);
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  static int call(MemorySegment f, long a, int b, long c, long d, long e) {
    try {
      return (int) LILLL.invokeExact(f, a, b, c, d, e);
    } catch (Throwable t) {
      throw impossible(t);
    }
  }

  static int call(MemorySegment f, long a, char b, long c, long d) {
    try {
      return (int) LSLL.invokeExact(f, a, b, c, d);
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  static int call(MemorySegment f, long a, long b, long c, long d) {
    try {
      return (int) LLLL.invokeExact(f, a, b, c, d);
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  static int call(MemorySegment f, long a, long b, long c, int d, long e, long g) {
    try {
      return (int) LLLILL.invokeExact(f, a, b, c, d, e, g);
    } catch (Throwable t) {
      throw impossible(t);
    }
  }

  static int heuristic(
      MemorySegment f,
      long handle,
      long product,
      long a,
      long b,
      long c,
      long d,
      long preference,
      int most,
      long results,
      long found) {
    try {
      return (int)
          HEURISTIC.invokeExact(f, handle, product, a, b, c, d, preference, most, results, found);
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  static int algorithmCheck(
      MemorySegment f,
      long handle,
      long product,
      long a,
      long b,
      long c,
      long d,
      long algorithm,
      long result) {
    try {
      return (int) ALGORITHM_CHECK.invokeExact(f, handle, product, a, b, c, d, algorithm, result);
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  static int launch(
      MemorySegment f,
      long function,
      int gridX,
      int gridY,
      int threads,
      int sharedBytes,
      long stream,
      long parameters) {
    try {
      return (int)
          LAUNCH.invokeExact(
              f, function, gridX, gridY, 1, threads, 1, 1, sharedBytes, stream, parameters, 0L);
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  static int matmul(
      MemorySegment f,
      long handle,
      long product,
      long alpha,
      long a,
      long aLayout,
      long b,
      long bLayout,
      long beta,
      long c,
      long cLayout,
      long d,
      long dLayout,
      long algorithm,
      long workspace,
      long workspaceBytes,
      long stream) {
    try {
      return (int)
          MATMUL.invokeExact(
              f,
              handle,
              product,
              alpha,
              a,
              aLayout,
              b,
              bLayout,
              beta,
              c,
              cLayout,
              d,
              dLayout,
              algorithm,
              workspace,
              workspaceBytes,
              stream);
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  /** Of a function without parameters that returns a size. */
  static long size(MemorySegment f) {
    try {
      return (long) LONG.invokeExact(f);
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  /** Of a function that says what a code means. */
  static String text(MemorySegment f, int code) {
    try {
      long text = (long) TEXT.invokeExact(f, code);
      return text == 0 ? "unknown" : string(text);
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  /** The C string at an address. */
  static String string(long address) {
    return MemorySegment.ofAddress(address).reinterpret(Long.MAX_VALUE).getString(0);
  }
}
