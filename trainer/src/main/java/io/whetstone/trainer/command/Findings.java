package io.whetstone.trainer.command;

import java.util.Locale;
import picocli.CommandLine.Help.Ansi;

/** What doctor finds, printed as it is found. */
final class Findings {
  private final Console console;
  private final Ansi ansi;
  private int problems;

  Findings(Console console) {
    this.console = console;
    this.ansi = console.colours();
  }

  void section(String name) {
    console.result(ansi.string("@|bold " + name + "|@"));
  }

  void say(String what, String found) {
    console.result(
        String.format(Locale.ROOT, "  %-12s %s", what, found.replace("\n", "\n" + " ".repeat(15))));
  }

  /** Something that would stop a run, or spoil it. */
  void problem(String message) {
    problems++;
    console.result("  " + ansi.string("@|bold,red problem|@") + "      " + message);
  }

  int problems() {
    return problems;
  }

  void verdict() {
    console.result(
        problems == 0
            ? ansi.string("@|bold,green all is well|@")
            : problems + (problems == 1 ? " problem" : " problems"));
  }

  /** A size for people: {@code 1.5 GiB}. */
  static String bytes(long bytes) {
    if (bytes < 1 << 20) {
      return String.format(Locale.ROOT, "%.1f KiB", bytes / 1024.0);
    }
    return bytes < 1 << 30
        ? String.format(Locale.ROOT, "%.1f MiB", bytes / (double) (1 << 20))
        : String.format(Locale.ROOT, "%.1f GiB", bytes / (double) (1 << 30));
  }
}
