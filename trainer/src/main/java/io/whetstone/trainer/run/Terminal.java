package io.whetstone.trainer.run;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Map;
import java.util.Optional;

/**
 * What standard error goes to.
 *
 * @param interactive a person's screen, not a file or a pipe
 * @param colour whether colours and drawn blocks are welcome
 * @param columns its width
 */
public record Terminal(boolean interactive, boolean colour, int columns) {
  private static final int STANDARD_ERROR = 2;
  private static final int USUAL_COLUMNS = 80;

  /** TIOCGWINSZ. */
  private static final long LINUX_WINDOW_SIZE = 0x5413;

  private static final long MAC_WINDOW_SIZE = 0x40087468;

  private static final Linker LINKER = Linker.nativeLinker();

  /**
   * Asks the system, and {@code TERM}, {@code NO_COLOR} (no-color.org) and {@code COLUMNS} of the
   * environment. Where the system cannot be asked (it has no {@code isatty}), it is taken for a
   * file.
   */
  public static Terminal standardError(Map<String, String> environment) {
    boolean interactive = !"dumb".equals(environment.get("TERM")) && isTerminal();
    boolean colour = interactive && environment.getOrDefault("NO_COLOR", "").isEmpty();
    return new Terminal(interactive, colour, interactive ? columns(environment) : USUAL_COLUMNS);
  }

  private static int columns(Map<String, String> environment) {
    String columns = environment.getOrDefault("COLUMNS", "");
    return columns.matches("[1-9]\\d{0,4}") ? Integer.parseInt(columns) : windowColumns();
  }

  /** {@code isatty(2)}. */
  private static boolean isTerminal() {
    Optional<MemorySegment> symbol = LINKER.defaultLookup().find("isatty");
    if (symbol.isEmpty()) {
      return false;
    }
    MethodHandle isatty =
        LINKER.downcallHandle(
            symbol.get(), FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    try {
      return (int) isatty.invokeExact(STANDARD_ERROR) == 1;
    } catch (Throwable e) {
      throw new IllegalStateException("isatty cannot be called", e);
    }
  }

  /** The columns that {@code ioctl(2, TIOCGWINSZ, …)} tells. */
  private static int windowColumns() {
    Optional<MemorySegment> symbol = LINKER.defaultLookup().find("ioctl");
    if (symbol.isEmpty()) {
      return USUAL_COLUMNS;
    }
    MethodHandle ioctl =
        LINKER.downcallHandle(
            symbol.get(),
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_LONG,
                ValueLayout.ADDRESS),
            Linker.Option.firstVariadicArg(2));
    boolean mac = System.getProperty("os.name").startsWith("Mac");
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment size = arena.allocate(8); // struct winsize: rows, columns, two more shorts
      int answer =
          (int) ioctl.invokeExact(STANDARD_ERROR, mac ? MAC_WINDOW_SIZE : LINUX_WINDOW_SIZE, size);
      int columns = Short.toUnsignedInt(size.get(ValueLayout.JAVA_SHORT, 2));
      return answer == 0 && columns > 0 ? columns : USUAL_COLUMNS;
    } catch (Throwable e) {
      throw new IllegalStateException("ioctl cannot be called", e);
    }
  }
}
