package io.whetstone.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Linear;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The backend says what computes its products, and computes them with what there is. */
class CpuBackendProviderTest {
  /** Prints the description, and 3 · 2. */
  public static void main(String[] arguments) {
    try (Backend backend = Backends.open("cpu", 1);
        Workspace memory = backend.workspace("test")) {
      Tensor x = memory.tensor(DType.F32, 1, 1);
      Tensor w = memory.tensor(DType.F32, 1, 1);
      Tensor y = memory.tensor(DType.F32, 1, 1);
      backend.write(x, new float[] {3});
      backend.write(w, new float[] {2});
      try (Linear linear = backend.linear(w, DType.F32)) {
        backend.linearForward(linear, x, y, false);
      }
      System.out.println(backend.description());
      System.out.println(backend.readFloats(y)[0]);
    }
  }

  @Test
  void oneDnnIsUsedWhereItIs() throws IOException, InterruptedException {
    List<String> printed = run(entry -> true);
    assertTrue(printed.get(0).startsWith("oneDNN 3."), printed.get(0));
    assertTrue(printed.get(0).endsWith("1 thread"), printed.get(0));
    assertEquals("6.0", printed.get(1));
  }

  @Test
  void aPropertyDoesWithoutOneDnn() throws IOException, InterruptedException {
    List<String> printed = run(entry -> true, "-Dwhetstone.cpu.gemm=vector");
    assertTrue(printed.get(0).contains("Vector API"), printed.get(0));
    assertTrue(printed.get(0).contains("whetstone.cpu.gemm=vector"), printed.get(0));
    assertEquals("6.0", printed.get(1));
  }

  @Test
  void withoutOneDnnItSaysWhy() throws IOException, InterruptedException {
    for (String missing : new String[] {"dnnl", "javacpp"}) {
      List<String> printed = run(entry -> !entry.contains(missing));
      assertTrue(printed.get(0).contains("oneDNN cannot be loaded: "), printed.get(0));
      assertEquals("6.0", printed.get(1));
    }
  }

  private interface Entries {
    boolean keep(String entry);
  }

  private static List<String> run(Entries entries, String... flags)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    for (String flag : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
      if (flag.startsWith("--") || flag.startsWith("-Dorg.bytedeco")) {
        command.add(flag);
      }
    }
    command.addAll(List.of(flags));
    command.add("-cp");
    command.add(
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .filter(entry -> entries.keep(Path.of(entry).getFileName().toString()))
            .collect(Collectors.joining(File.pathSeparator)));
    command.add(CpuBackendProviderTest.class.getName());
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), printed);
    return printed.lines().toList();
  }
}
