package io.whetstone.rewards.code;

import io.whetstone.datasets.settings.Default;
import io.whetstone.rewards.sandbox.Limits;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * A language beyond Python, by the commands that run its programs. They are given to a shell, in a
 * directory that holds the code and, when it is run, what the compilation left there.
 *
 * @param file what the code is called there: {@code main.cpp}
 * @param compile {@code g++ -O2 -std=c++17 -o main main.cpp}; without it nothing is compiled
 * @param run {@code ./main}
 * @param fences further names after an opening fence: {@code [c++, cc]}
 * @param compileTime processor time that the compilation may take
 * @param memoryMib for both, in place of the reward's, where a language needs more
 */
public record Language(
    String file,
    Optional<String> compile,
    String run,
    @Default(value = "[]", source = "its name suffices") List<String> fences,
    @Default(value = "\"8s\"", source = "within the completion's total time") Duration compileTime,
    Optional<Integer> memoryMib) {

  private static final long COMPILED_BYTES = 64L << 20; // what leaves the sandbox as a program
  private static final int COMPILER_PROCESSES = 128;

  public Language {
    if (!file.matches("[A-Za-z0-9_][A-Za-z0-9_.-]*")) {
      throw new IllegalArgumentException("file: \"" + file + "\" is not a plain file name");
    }
    if (memoryMib.isPresent() && memoryMib.get() < 1) {
      throw new IllegalArgumentException("memory-mib: " + memoryMib.get() + " is not 1 or more");
    }
    if (!compileTime.isPositive()) {
      throw new IllegalArgumentException("compile-time: " + compileTime + " is not more than 0");
    }
  }

  /** The limits of a test of a program in this language. */
  Limits running(Limits test) {
    return new Limits(
        test.cpu(), test.wall(), memory(test), test.processes(), test.output(), test.disk());
  }

  /** The limits of the compilation, which must not take longer than is left. */
  Limits compiling(Limits test, Duration left) {
    return new Limits(
        compileTime,
        left,
        Math.max(memory(test), 1L << 30),
        Math.max(test.processes(), COMPILER_PROCESSES),
        COMPILED_BYTES,
        Math.max(test.disk(), 2 * COMPILED_BYTES));
  }

  private long memory(Limits test) {
    return memoryMib.map(mib -> (long) mib << 20).orElse(test.memory());
  }
}
