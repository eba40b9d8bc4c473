package io.whetstone.trainer.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A command line and what came of it, in this process or in one of its own.
 *
 * @param code exit code
 * @param out standard output
 * @param err standard error
 */
record CommandLineRun(int code, String out, String err) {

  /** Runs in this process. */
  static CommandLineRun of(String... arguments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int code =
        Whetstone.run(
            Console.plain(
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8)),
            arguments);
    return new CommandLineRun(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  /** Starts a process of its own, as {@code scripts/whetstone} does; its output goes to a file. */
  static Process start(Path output, List<String> jvmOptions, String... arguments)
      throws IOException {
    return new ProcessBuilder(command(jvmOptions, arguments))
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()))
        .start();
  }

  /** What {@link #start} starts. */
  static List<String> command(List<String> jvmOptions, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "--add-modules",
            "jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Dorg.bytedeco.javacpp.maxphysicalbytes=0",
            "-Dorg.bytedeco.javacpp.maxbytes=0",
            "-DRUST_FLAVOR=cpu",
            "-Xmx512m",
            "-XX:+UseSerialGC"));
    command.addAll(jvmOptions);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(List.of(arguments));
    return command;
  }

  /** The configuration that has everything a run can have, at a size of seconds. */
  static String tiny() {
    try {
      return new File(CommandLineRun.class.getResource("/endtoend/tiny.yaml").toURI()).toString();
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Trains it into {@code runs/name}. */
  static CommandLineRun train(Path runs, String name, String... more) {
    return of(arguments(runs, name, more));
  }

  /** The command line that trains it into {@code runs/name}. */
  static String[] arguments(Path runs, String name, String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of("train", tiny(), "--runs", runs.toString(), "--run", name, "--set", "seed=7"));
    arguments.addAll(List.of(more));
    return arguments.toArray(String[]::new);
  }

  /** Asserts that it went well. */
  CommandLineRun succeeded() {
    assertEquals(0, code, err);
    return this;
  }

  /** Asserts that it was refused with this code, in words for people. */
  String refused(int expected) {
    assertEquals(expected, code, out + err);
    assertFalse(err.contains("\tat "), "a stack trace: " + err);
    assertFalse(err.contains("defect"), err);
    return err;
  }
}
