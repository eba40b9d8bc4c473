package io.whetstone.gpu;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A Java process with this one's options, class path and properties of ours: what a kernel does
 * wrong can end a process, or leave its device's context useless for all that comes after.
 */
final class Child {
  private static final int TAIL = 1500;

  private Child() {}

  static Process start(String main, Path output, List<String> arguments) throws IOException {
    return start(main, output, arguments, Map.of());
  }

  /** With more in its environment. */
  static Process start(
      String main, Path output, List<String> arguments, Map<String, String> environment)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    for (String option : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
      if (!option.startsWith("-agentlib") && !option.startsWith("-javaagent")) {
        command.add(option);
      }
    }
    for (String name : System.getProperties().stringPropertyNames()) {
      if (name.startsWith("whetstone.")) {
        command.add("-D" + name + "=" + System.getProperty(name));
      }
    }
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main));
    command.addAll(arguments);
    ProcessBuilder process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
    process.environment().putAll(environment);
    return process.start();
  }

  /** What a process said, whatever bytes. */
  static String text(Path output) throws IOException {
    return Files.exists(output)
        ? new String(Files.readAllBytes(output), StandardCharsets.UTF_8)
        : "";
  }

  /** The last of it. */
  static String tail(Path output) throws IOException {
    String all = text(output);
    return all.substring(Math.max(0, all.length() - TAIL)).strip();
  }
}
