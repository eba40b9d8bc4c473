package io.whetstone.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** NVIDIA's compiler has seen the kernels as they are. */
class KernelReportTest {
  private static final Path KERNELS =
      Path.of("src/main/resources/io/whetstone/cuda/kernels").toAbsolutePath();
  private static final Pattern KERNEL =
      Pattern.compile(
          "(?m)^extern \"C\" __global__ void"
              + " (?:__launch_bounds__\\((?:[^()]|\\([^()]*\\))*\\)\\s+)?(?!__)(\\w+)\\(");

  private static final Pattern STACK = Pattern.compile("\"stack\": (\\d+)");

  /** Bytes of a thread's stack frame: a few numbers that a compiler put aside. */
  private static final int MOST_STACK = 64;

  private final KernelReport report = new KernelReport(KERNELS);

  @Test
  void theReportIsOfTheseSources() throws IOException {
    String text = Files.exists(report.file()) ? Files.readString(report.file()) : "";
    List<String> stale = new ArrayList<>();
    for (String source : report.sources()) {
      if (!text.contains(report.stamp(source))) {
        stale.add(source);
      }
    }
    assertTrue(
        stale.isEmpty(),
        () ->
            "report.json beside the kernels is not of "
                + String.join(", ", stale)
                + " as they (or their headers) are now: run "
                + KernelReport.COMMAND
                + ", which needs NVRTC (pip's nvidia-cuda-nvrtc, or CUDA's toolkit) and no GPU");
  }

  @Test
  void everyModuleIsThereForEachArchitecture() throws IOException {
    String text = Files.readString(report.file());
    for (String source : report.sources()) {
      for (String[] defines : KernelReport.defines(source)) {
        String module = (source + " " + String.join(" ", defines)).strip();
        assertTrue(text.contains("{\"module\": \"" + module + "\", \"kernel\": "), module);
      }
      Matcher kernels = KERNEL.matcher(Files.readString(KERNELS.resolve(source)));
      while (kernels.find()) {
        assertTrue(text.contains("\"kernel\": \"" + kernels.group(1) + "\""), kernels.group(1));
      }
    }
    for (String architecture : KernelReport.ARCHITECTURES) {
      assertEquals(
          text.split("\"kernel\": ").length, text.split("\"" + architecture + "\": ").length);
    }
  }

  /** A kernel whose tiles do not fit its registers would show here. */
  @Test
  void littleIsSpilled() throws IOException {
    List<String> spilling = new ArrayList<>();
    for (String line : Files.readAllLines(report.file())) {
      Matcher frame = STACK.matcher(line);
      while (frame.find()) {
        if (Integer.parseInt(frame.group(1)) > MOST_STACK) {
          spilling.add(line.strip());
        }
      }
    }
    assertEquals(List.of(), spilling);
  }

  @Test
  void ptxasIsRead() {
    String log =
        """
        ptxas info    : 164 bytes gmem
        ptxas info    : Compiling entry function 'first' for 'sm_90'
        ptxas info    : Function properties for first
            8 bytes stack frame, 12 bytes spill stores, 16 bytes spill loads
        ptxas info    : Used 30 registers, used 1 barriers, 8 bytes cumulative stack size, 1024 bytes smem
        ptxas info    : Compile time = 53.742 ms
        ptxas info    : Compiling entry function 'second' for 'sm_90'
        ptxas info    : Function properties for second
            0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
        ptxas info    : Used 131 registers, used 0 barriers
        """;
    assertEquals(
        Map.of(
            "first", "{\"registers\": 30, \"shared\": 1024, \"stack\": 8, \"spilled\": 28}",
            "second", "{\"registers\": 131, \"shared\": 0, \"stack\": 0, \"spilled\": 0}"),
        KernelReport.uses(log));
  }
}
