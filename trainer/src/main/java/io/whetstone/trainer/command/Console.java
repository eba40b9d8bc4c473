package io.whetstone.trainer.command;

import io.whetstone.trainer.run.Terminal;
import java.io.PrintStream;
import java.util.Map;
import picocli.CommandLine.Help.Ansi;

/**
 * Where a command writes.
 *
 * @param out results
 * @param err progress, notes and complaints
 * @param colours whether results may be coloured
 * @param screen what {@code err} goes to
 */
public record Console(PrintStream out, PrintStream err, Ansi colours, Terminal screen) {

  /** No terminal anywhere: plain lines. */
  static Console plain(PrintStream out, PrintStream err) {
    return new Console(out, err, Ansi.OFF, new Terminal(false, false, 80));
  }

  /** The process's own; colours as in https://no-color.org. */
  static Console of(PrintStream out, PrintStream err, Map<String, String> environment) {
    // The launcher can tell what standard output is; the JVM alone only both streams together.
    boolean terminal =
        Boolean.parseBoolean(
            System.getProperty(
                "whetstone.stdout-is-terminal",
                String.valueOf(System.console() != null && System.console().isTerminal())));
    boolean colours =
        terminal
            && environment.getOrDefault("NO_COLOR", "").isEmpty()
            && !"dumb".equals(environment.get("TERM"));
    return new Console(out, err, colours ? Ansi.ON : Ansi.OFF, Terminal.standardError(environment));
  }

  /** Prints a line of the result. */
  void result(String line) {
    out.println(line);
  }

  /** Prints a line for whoever watches. */
  void note(String line) {
    err.println(line);
  }

  /**
   * Passes on what has been written.
   *
   * @return false when nobody reads any more ({@code whetstone … | head})
   */
  boolean flush() {
    return !out.checkError();
  }

  /** Colours of {@link #err}. */
  Ansi errColours() {
    return screen.colour() ? Ansi.ON : Ansi.OFF;
  }
}
