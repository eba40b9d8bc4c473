package io.whetstone.rewards.plugin;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A program with its arguments, written as a list of words or as one line that is cut at its
 * spaces.
 *
 * @param words the program first
 */
public record Command(List<String> words) {

  private static final Pattern SCRIPT = Pattern.compile("[^\\s=]+\\.(?:py|sh|js|mjs|rb|pl|jl|R)");

  /**
   * Checked when it is made, so that a misspelt name is not found out after hours of training.
   *
   * @throws IllegalArgumentException if there is no such program, or no such script
   */
  public Command {
    words = List.copyOf(words);
    if (words.isEmpty() || words.getFirst().isBlank()) {
      throw new IllegalArgumentException("is empty; expected a program, such as [python3, my.py]");
    }
    requireProgram(words.getFirst());
    for (String word : words.subList(1, words.size())) {
      if (SCRIPT.matcher(word).matches() && !Files.exists(Path.of(word))) {
        throw new IllegalArgumentException(
            word + ": there is no such file (in " + Path.of("").toAbsolutePath() + ")");
      }
    }
  }

  /** The words as they are. */
  public static Command of(List<String> words) {
    return new Command(words);
  }

  /** Cut at spaces; a word with spaces needs the list. */
  public static Command of(String line) {
    return new Command(List.of(line.strip().split("\\s+")));
  }

  private static void requireProgram(String name) {
    if (name.contains("/")) {
      if (!Files.isExecutable(Path.of(name)) || Files.isDirectory(Path.of(name))) {
        throw new IllegalArgumentException(name + ": is not a program that can be run");
      }
      return;
    }
    String path = System.getenv().getOrDefault("PATH", "");
    for (String directory : path.split(Pattern.quote(java.io.File.pathSeparator))) {
      if (!directory.isEmpty()
          && (Files.isExecutable(Path.of(directory, name))
              || Files.isExecutable(Path.of(directory, name + ".exe")))) {
        return;
      }
    }
    throw new IllegalArgumentException(
        name + ": is not found on the PATH; install it, or give its whole path");
  }

  @Override
  public String toString() {
    return String.join(" ", words);
  }
}
