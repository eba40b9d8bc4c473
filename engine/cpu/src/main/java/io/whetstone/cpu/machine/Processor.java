package io.whetstone.cpu.machine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Stream;

/** What the processor can do, by Linux' names. */
public final class Processor {
  private static final Path DESCRIPTION = Path.of("/proc/cpuinfo");

  /** Read once, when it is first asked for. */
  private static final class Flags {
    static final Set<String> ALL = read();

    private static Set<String> read() {
      try (Stream<String> lines = Files.lines(DESCRIPTION)) {
        return lines
            .filter(line -> line.startsWith("flags"))
            .findFirst()
            .map(line -> Set.of(line.substring(line.indexOf(':') + 1).trim().split(" +")))
            .orElse(Set.of());
      } catch (IOException e) {
        return Set.of();
      }
    }
  }

  private Processor() {}

  /** Whether it has a feature, as "avx512_bf16"; false where there is nobody to ask. */
  public static boolean has(String feature) {
    return Flags.ALL.contains(feature);
  }
}
