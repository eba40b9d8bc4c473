package io.whetstone.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.tensor.Backend;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class KernelBenchmarkTest {
  /** Every kernel has a line with its share; on the stand-in, whose times say nothing. */
  @Test
  void everyKernelIsTimed() {
    StandIn standIn = StandIn.fast();
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    try (Backend backend = new CudaBackendProvider().open(1)) {
      KernelBenchmark.runTiny(backend, new PrintStream(printed, true, StandardCharsets.UTF_8));
    }
    assertEquals("", standIn.reports());
    List<String> lines = printed.toString(StandardCharsets.UTF_8).lines().toList();
    for (String kernel :
        List.of("adamW", "rmsNormBackward", "attention bf16", "linearForward F32", "sample")) {
      assertTrue(
          lines.stream().anyMatch(line -> line.startsWith(kernel) && line.contains("% of the")),
          () -> kernel + " is missing: " + lines);
    }
  }
}
