package io.whetstone.gpu;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.cuda.KernelBenchmark;
import io.whetstone.tensor.Backend;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
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
    Lines lines = new Lines(trial.figures());
    try (Backend backend = trial.open()) {
      PrintStream out = new PrintStream(lines, true, StandardCharsets.UTF_8);
      if (trial.small()) {
        KernelBenchmark.runTiny(backend, out);
      } else {
        KernelBenchmark.run(backend, out);
      }
    }
    if (lines.timed == 0) {
      throw new IllegalStateException("no kernel was timed: " + lines.others);
    }
  }

  /** Puts each line's figures down as it comes. */
  private static final class Lines extends OutputStream {
    private final ObjectNode kernels;
    private final ArrayNode others;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private int timed;

    Lines(ObjectNode kernels) {
      this.kernels = kernels;
      others = kernels.putArray("said");
    }

    @Override
    public void write(int character) {
      if (character == '\n') {
        read(line.toString(StandardCharsets.UTF_8));
        line.reset();
      } else {
        line.write(character);
      }
    }

    private void read(String text) {
      Matcher matcher = LINE.matcher(text.strip());
      if (matcher.matches()) {
        kernels
            .putObject(matcher.group(1))
            .put("microseconds", Double.parseDouble(matcher.group(2)))
            .put(matcher.group(4), Double.parseDouble(matcher.group(3)))
            .put("share", Double.parseDouble(matcher.group(5)) / 100)
            .put("of", matcher.group(6));
        timed++;
      } else {
        others.add(text);
      }
    }
  }
}
