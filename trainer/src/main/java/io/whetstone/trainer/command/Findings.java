package io.whetstone.trainer.command;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.Supplier;
import picocli.CommandLine.Help.Ansi;

/** What is found before anything is trained, printed as it is found. */
final class Findings {
  private final Consumer<String> lines;
  private final Ansi ansi;
  private final List<String> problems = new ArrayList<>();
  private final List<String> cautions = new ArrayList<>();

  private Findings(Consumer<String> lines, Ansi ansi) {
    this.lines = lines;
    this.ansi = ansi;
  }

  /** Printed as results. */
  static Findings printed(Console console) {
    return new Findings(console::result, console.colours());
  }

  /** Only problems and cautions are kept. */
  static Findings silent() {
    return new Findings(line -> {}, Ansi.OFF);
  }

  void section(String name) {
    lines.accept(ansi.string("@|bold " + name + "|@"));
  }

  void say(String what, String found) {
    lines.accept(
        String.format(Locale.ROOT, "  %-18s %s", what, found.replace("\n", "\n" + " ".repeat(21))));
  }

  /** Something that would stop a run, or spoil it. */
  void problem(String message) {
    problems.add(message);
    lines.accept("  " + ansi.string("@|bold,red problem|@") + "            " + message);
  }

  /** What a run would refuse of so many; nothing where it is none. */
  void refused(String where, List<String> refused, int of) {
    if (!refused.isEmpty()) {
      problem(
          where
              + ": "
              + refused.size()
              + " of "
              + of
              + " are refused, first: "
              + refused.getFirst());
    }
  }

  /** The value, or null where it could not be had, which is then a problem. */
  <T> T attempt(String where, Supplier<T> supplier) {
    try {
      return supplier.get();
    } catch (RuntimeException e) {
      problem(where + ": " + e.getMessage());
      return null;
    }
  }

  /** Something that a run does not mind, and its reader may. */
  void caution(String message) {
    cautions.add(message);
    say("caution", message);
  }

  List<String> problems() {
    return problems;
  }

  List<String> cautions() {
    return cautions;
  }

  void verdict() {
    lines.accept(
        problems.isEmpty()
            ? ansi.string("@|bold,green all is well|@")
            : problems.size() + (problems.size() == 1 ? " problem" : " problems"));
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
