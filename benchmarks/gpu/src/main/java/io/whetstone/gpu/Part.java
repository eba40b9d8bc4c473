package io.whetstone.gpu;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;

/** A part of the check, in the order of what matters most. Each is a process of its own. */
enum Part {
  MACHINE(30, Machine::run),
  EXACTNESS(60, Exactness::run),
  CONFORMANCE(220, Conformance::run),
  STEP_HALF_BILLION(60, Step::halfBillion),
  DECODE_HALF_BILLION(40, Decode::halfBillion),
  STEP_SEVEN_BILLION(90, Step::sevenBillion),
  DECODE_SEVEN_BILLION(60, Decode::sevenBillion),
  KERNELS(80, Kernels::run),
  PEER(120, Peer::run),
  FIRST_RUN(150, FirstRun::run);

  private final int seconds;
  private final Trial.Work work;

  Part(int seconds, Trial.Work work) {
    this.seconds = seconds;
    this.work = work;
  }

  /** The most that it may take. */
  int seconds() {
    return seconds;
  }

  /** {@code step-half-billion}. */
  String title() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * Runs one: {@code PART BACKEND small|full HOME SECONDS FILE}. What it finds goes to the file,
   * every second and at the end, and where it fails, why.
   */
  public static void main(String[] arguments) throws IOException {
    ObjectNode figures = new ObjectMapper().createObjectNode();
    Found found = new Found(Path.of(arguments[5]), figures);
    found.keepEverySecond();
    Trial trial =
        new Trial(
            arguments[1],
            arguments[2].equals("small"),
            Path.of(arguments[3]),
            Double.parseDouble(arguments[4]),
            figures);
    try {
      valueOf(arguments[0]).work.run(trial);
    } catch (Exception | Error e) {
      figures.put("failed", e.getMessage() == null ? e.toString() : e.getMessage());
      e.printStackTrace();
    }
    found.keepAtLast();
    System.exit(0); // whatever threads a failure left behind
  }
}
