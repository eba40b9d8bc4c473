package io.whetstone.rewards.sandbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;

/**
 * No isolation: the program runs as the user who runs us, in a temporary directory, with the limits
 * on each process that the kernel has for everyone.
 */
record Bare() implements Isolation {

  @Override
  public Launch launch(Program run, Limits limits, int slot, Descriptors descriptors) {
    Path directory;
    try {
      directory = Files.createTempDirectory("whetstone-program-");
      for (var file : run.files().entrySet()) {
        Files.write(directory.resolve(file.getKey()), file.getValue());
      }
    } catch (IOException e) {
      throw new SandboxException("a program's directory could not be made: " + e, e);
    }
    List<String> words = new ArrayList<>();
    String shell = "cd \"$0\" || exit 126; export HOME=\"$0\" TMPDIR=\"$0\"; \"$@\"; exit $?";
    words.addAll(List.of("/bin/sh", "-c", shell, directory.toString()));
    // The user's other processes would count against --nproc.
    Isolation.limited(limits).stream().filter(w -> !w.startsWith("--nproc")).forEach(words::add);
    words.addAll(run.command());
    return new Launch(words, OptionalInt.empty(), () -> delete(directory));
  }

  private static void delete(Path directory) {
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException | UncheckedIOException e) {
      throw new SandboxException(directory + ": could not be removed: " + e, e);
    }
  }

  @Override
  public boolean started(String report) {
    return true;
  }
}
