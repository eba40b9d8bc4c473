package io.whetstone.trainer.command;

import picocli.CommandLine.Help.Ansi;

/**
 * Which of the streams are terminals, and whether colour is wanted.
 *
 * @param out standard output is one
 * @param err standard error is one
 * @param colour may be used where a stream is a terminal
 */
public record Terminals(boolean out, boolean err, boolean colour) {
  /** No terminal anywhere: plain lines. */
  public static final Terminals NONE = new Terminals(false, false, false);

  /**
   * Asks the launcher, which can tell each stream apart; without it the JVM, which cannot. Colour
   * as in https://no-color.org.
   */
  static Terminals detect() {
    String named = System.getProperty("whetstone.terminals");
    boolean both = System.console() != null && System.console().isTerminal();
    String noColour = System.getenv("NO_COLOR");
    boolean colour =
        (noColour == null || noColour.isEmpty()) && !"dumb".equals(System.getenv("TERM"));
    return new Terminals(
        named == null ? both : named.contains("out"),
        named == null ? both : named.contains("err"),
        colour);
  }

  Ansi ansi(boolean terminal) {
    return terminal && colour ? Ansi.ON : Ansi.OFF;
  }
}
