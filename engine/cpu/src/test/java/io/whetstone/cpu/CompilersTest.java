package io.whetstone.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The kernels give the same bits however far the virtual machine has compiled them. */
class CompilersTest {
  /** Long enough for the loops to pass from the interpreter through both compilers. */
  private static final int ROUNDS = 80;

  @Test
  void bitsStayWhileTheKernelsAreCompiled() {
    var first = KernelBits.hashes();
    for (int i = 0; i < ROUNDS; i++) {
      assertEquals(first, KernelBits.hashes(), "round " + i);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"-Xint", "-XX:TieredStopAtLevel=1", "-XX:-TieredCompilation"})
  void bitsAreTheSameInAnotherMachine(String mode) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    for (String flag : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
      if (flag.startsWith("--") || flag.startsWith("-XX:UseAVX")) {
        command.add(flag);
      }
    }
    command.add(mode);
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(KernelBits.class.getName());
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), () -> String.join(" ", command));
    assertEquals(KernelBits.hashes().toString(), printed.strip());
  }
}
