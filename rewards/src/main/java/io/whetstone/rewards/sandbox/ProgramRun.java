package io.whetstone.rewards.sandbox;

import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * How a program ended and what it used, all seen from outside it.
 *
 * @param ending by itself, or by which limit
 * @param status its exit status; 128 + n where signal n ended it
 * @param output the beginning of its standard output, to the limit
 * @param errors the beginning of its standard error
 * @param results what it wrote on file descriptor 3, to the limit of the output
 * @param cpu user and system time of all its processes, the sandbox's start included (some
 *     milliseconds)
 * @param peakMemory bytes: the largest resident set of any of its processes, as looked at every 10
 *     ms; 0 where it ended before the first look
 * @param wall from start to end, without what it stood in line for a processor
 */
public record ProgramRun(
    Ending ending,
    int status,
    byte[] output,
    byte[] errors,
    byte[] results,
    Duration cpu,
    long peakMemory,
    Duration wall) {

  /** What ended a program. */
  public enum Ending {
    /** It ended by itself, well or badly. */
    EXITED,
    /** It used its processor time up, or the time on the clock. */
    TIME,
    /** It took more memory than it may. */
    MEMORY,
    /** It wrote more than it may. */
    OUTPUT
  }

  /** Whether it ended by itself with status 0. */
  public boolean succeeded() {
    return ending == Ending.EXITED && status == 0;
  }

  public String outputText() {
    return new String(output, StandardCharsets.UTF_8);
  }

  public String errorText() {
    return new String(errors, StandardCharsets.UTF_8);
  }
}
