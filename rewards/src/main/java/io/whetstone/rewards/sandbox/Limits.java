package io.whetstone.rewards.sandbox;

import java.time.Duration;

/**
 * What one run of a program may use. What goes beyond is killed, with everything it started.
 *
 * @param cpu processor time of all its processes together
 * @param wall time on the clock; what a program that sleeps runs into; waiting for a processor that
 *     others have does not count
 * @param memory bytes resident in all its processes together; also what one process may allocate
 * @param processes processes and threads at the same time
 * @param output bytes written to standard output, and as many to standard error
 * @param disk bytes in all its files together; they are in memory and gone when it ends
 */
public record Limits(
    Duration cpu, Duration wall, long memory, int processes, long output, long disk) {

  public Limits {
    check("cpu", cpu.toNanos());
    check("wall", wall.toNanos());
    check("memory", memory);
    check("processes", processes);
    check("output", output);
    check("disk", disk);
  }

  private static void check(String name, long value) {
    if (value <= 0) {
      throw new IllegalArgumentException(name + ": " + value + " is not more than 0");
    }
  }

  /** The same limits with other times. */
  public Limits within(Duration cpu, Duration wall) {
    return new Limits(cpu, wall, memory, processes, output, disk);
  }
}
