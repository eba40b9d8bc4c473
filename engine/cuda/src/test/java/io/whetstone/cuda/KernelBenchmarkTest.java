package io.whetstone.cuda;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class KernelBenchmarkTest {
  /** Every kernel has a line with its share; it takes any backend, so this one needs no GPU. */
  @Test
  void everyKernelIsTimed() {
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    try (Backend cpu = Backends.open("cpu", 1)) {
      KernelBenchmark.runTiny(cpu, new PrintStream(printed, true, StandardCharsets.UTF_8));
    }
    List<String> lines = printed.toString(StandardCharsets.UTF_8).lines().toList();
    for (String kernel :
        List.of("adamW", "rmsNormBackward", "attention bf16", "linearForward F32", "sample")) {
      assertTrue(
          lines.stream().anyMatch(line -> line.startsWith(kernel) && line.contains("% of the")),
          () -> kernel + " is missing: " + lines);
    }
  }
}
