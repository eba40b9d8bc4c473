package io.whetstone.gpu;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.cuda.KernelBenchmark;
import io.whetstone.tensor.Backend;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Each kernel's time and its share of what a copy, or a large product, reaches here. */
final class Kernels {
  private static final Pattern LINE =
      Pattern.compile("(.+?) +([0-9.]+) µs +([0-9.]+) ([A-Z]+/s) +([0-9]+) % of (the \\w+)");

  private Kernels() {}

  static void run(Trial trial) {
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    try (Backend backend = trial.open()) {
      PrintStream out = new PrintStream(printed, true, StandardCharsets.UTF_8);
      if (trial.small()) {
        KernelBenchmark.runTiny(backend, out);
      } else {
        KernelBenchmark.run(backend, out);
      }
    } finally {
      figures(trial, printed.toString(StandardCharsets.UTF_8));
    }
  }

  /** What was measured before a failure, too. */
  private static void figures(Trial trial, String printed) {
    ArrayNode others = trial.figures().putArray("said");
    ObjectNode kernels = trial.figures();
    int timed = 0;
    for (String line : printed.lines().toList()) {
      Matcher matcher = LINE.matcher(line.strip());
      if (matcher.matches()) {
        kernels
            .putObject(matcher.group(1))
            .put("microseconds", Double.parseDouble(matcher.group(2)))
            .put(matcher.group(4), Double.parseDouble(matcher.group(3)))
            .put("share", Double.parseDouble(matcher.group(5)) / 100)
            .put("of", matcher.group(6));
        timed++;
      } else {
        others.add(line);
      }
    }
    if (timed == 0) {
      throw new IllegalStateException("no kernel was timed: " + printed);
    }
  }
}
