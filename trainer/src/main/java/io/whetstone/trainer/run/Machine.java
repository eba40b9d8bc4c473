package io.whetstone.trainer.run;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/** What the machine and this process's memory are, as far as the system tells. */
public final class Machine {
  private Machine() {}

  /** The processor's name; its architecture where the system does not tell. */
  static String processor() {
    return field(Path.of("/proc/cpuinfo"), "model name")
        .orElse(
            Optional.ofNullable(System.getenv("PROCESSOR_IDENTIFIER"))
                .orElse(System.getProperty("os.arch")));
  }

  /** Bytes of memory, of the container where it is one. */
  static long memoryBytes() {
    return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
  }

  /** Most bytes of memory this process had resident so far; Linux tells, others do not. */
  public static OptionalLong peakResidentBytes() {
    return kilobytes("VmHWM");
  }

  /** Bytes of memory this process has resident; Linux tells, others do not. */
  public static OptionalLong residentBytes() {
    return kilobytes("VmRSS");
  }

  private static OptionalLong kilobytes(String field) {
    return field(Path.of("/proc/self/status"), field)
        .map(text -> OptionalLong.of(Long.parseLong(text.split(" ")[0]) * 1024))
        .orElse(OptionalLong.empty());
  }

  private static Optional<String> field(Path file, String name) {
    if (!Files.isReadable(file)) {
      return Optional.empty();
    }
    try (Stream<String> lines = Files.lines(file, StandardCharsets.ISO_8859_1)) {
      return lines
          .filter(line -> line.startsWith(name) && line.indexOf(':') > 0)
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst();
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
