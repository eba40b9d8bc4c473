package io.whetstone.trainer.command;

import java.io.PrintStream;

/**
 * Where a command writes.
 *
 * @param out results
 * @param err progress, notes and complaints
 */
public record Console(PrintStream out, PrintStream err, Terminals terminals) {
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
}
