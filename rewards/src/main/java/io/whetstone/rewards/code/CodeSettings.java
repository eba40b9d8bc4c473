package io.whetstone.rewards.code;

import io.whetstone.datasets.settings.Default;
import io.whetstone.rewards.sandbox.Limits;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How code is found, run and judged.
 *
 * @param sandbox what keeps the programs apart from everything else
 * @param pool programs that run at the same time; 0 means one a processor
 * @param language of tasks and blocks of code that do not say theirs
 * @param languageField the task's field that says its language
 * @param languages by name, beyond Python
 * @param python the interpreter; without it, the one that {@code python3} on PATH stands for
 * @param visible directories beyond the system's and the interpreter's that programs may read
 * @param take which of several blocks of code is the answer
 * @param preamble code put in front of every Python completion, such as {@code from typing import
 *     *}
 * @param tests the task's field that holds the tests; without it the first of several known names
 * @param compare how standard output is compared
 * @param tolerance x equals the expected y if |x − y| ≤ tolerance · max(1, |y|); for floats that
 *     are returned, and for {@code compare: numbers}
 * @param credit what a completion is worth that passes some tests
 * @param time processor time of one test
 * @param wall time on the clock of one test
 * @param totalTime time on the clock of all of one completion's tests, compilation included
 * @param memoryMib resident memory of all processes of a test, in MiB
 * @param processes processes and threads of a test at the same time
 * @param outputKib what a test may write to standard output, in KiB
 * @param diskMib what a test may have in files, in MiB
 */
public record CodeSettings(
    @Default(value = "\"bubblewrap\"", source = "nobody trusts sampled code") Isolation sandbox,
    @Default(value = "0", source = "a program uses one processor") int pool,
    @Default(value = "\"python\"", source = "what the data sets expect") String language,
    @Default(value = "\"language\"", source = "its plain name") String languageField,
    @Default(value = "{}", source = "the others are the configuration's")
        Map<String, Language> languages,
    Optional<Path> python,
    @Default(value = "[]", source = "the system's suffice") List<Path> visible,
    @Default(value = "\"last\"", source = "LiveCodeBench's extraction") CodeBlock.Take take,
    @Default(value = "\"\"", source = "the completion is to be complete") String preamble,
    Optional<String> tests,
    @Default(value = "\"exact\"", source = "the strictest") OutputComparison compare,
    @Default(value = "1e-6", source = "what most contest problems allow") double tolerance,
    @Default(value = "\"all\"", source = "pass@1 of every benchmark") Credit credit,
    @Default(value = "\"4s\"", source = "APPS, Hendrycks et al. 2021: its checker's limit")
        Duration time,
    @Default(value = "\"8s\"", source = "twice the processor time") Duration wall,
    @Default(value = "\"9s\"", source = "within the 10 seconds that a reward has by default")
        Duration totalTime,
    @Default(value = "512", source = "most contest problems allow 256 MiB; Python needs more")
        int memoryMib,
    @Default(value = "64", source = "a few threads, no fork bomb") int processes,
    @Default(value = "4096", source = "more than any expected output in APPS") int outputKib,
    @Default(value = "64", source = "in memory, so it is small") int diskMib) {

  /** What keeps programs apart from everything else. */
  public enum Isolation {
    BUBBLEWRAP,
    /** Nothing: only for programs that are trusted. */
    NONE
  }

  /** What a completion is worth that passes some tests. */
  public enum Credit {
    /** Nothing; the tests after the first that fails are not run. */
    ALL,
    /** Their share of all tests. */
    PARTIAL
  }

  static final String PYTHON = "python";
  private static final int SLOTS = 256;

  public CodeSettings {
    if (pool < 0 || pool > SLOTS) {
      throw new IllegalArgumentException("pool: " + pool + " is not in [0, " + SLOTS + "]");
    }
    pool = pool == 0 ? Math.min(SLOTS, Runtime.getRuntime().availableProcessors()) : pool;
    if (!language.equals(PYTHON) && !languages.containsKey(language)) {
      throw new IllegalArgumentException(
          "language: \"%s\" is neither python nor one of languages, %s"
              .formatted(language, languages.keySet()));
    }
    if (languages.containsKey(PYTHON)) {
      throw new IllegalArgumentException("languages.python: is built in; expected another name");
    }
    if (!(tolerance >= 0 && tolerance < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("tolerance: " + tolerance + " is not 0 or more");
    }
    positive("time", time.toMillis());
    positive("wall", wall.toMillis());
    positive("total-time", totalTime.toMillis());
    positive("memory-mib", memoryMib);
    positive("processes", processes);
    positive("output-kib", outputKib);
    positive("disk-mib", diskMib);
    if (wall.compareTo(time) < 0) {
      throw new IllegalArgumentException("wall: " + wall + " is less than time, " + time);
    }
  }

  private static void positive(String key, long value) {
    if (value <= 0) {
      throw new IllegalArgumentException(key + ": is not more than 0");
    }
  }

  /** What one test may use. */
  Limits limits() {
    return new Limits(
        time,
        wall,
        (long) memoryMib << 20,
        processes,
        (long) outputKib << 10,
        (long) diskMib << 20);
  }
}
