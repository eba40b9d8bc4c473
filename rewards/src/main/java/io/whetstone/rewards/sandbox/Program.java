package io.whetstone.rewards.sandbox;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What is to be run.
 *
 * @param command program and arguments; runs in a directory of its own, found by PATH
 * @param files what lies in that directory at the start, by plain name
 * @param input what standard input holds
 * @param results whether the program has file descriptor 3, on which it writes results apart from
 *     its output
 * @param afterword what it may read from file descriptor 5 once it has written something to 3; one
 *     byte on file descriptor 4 tells that it is there. Until then it is not in the sandbox. Needs
 *     results
 */
public record Program(
    List<String> command,
    Map<String, byte[]> files,
    byte[] input,
    boolean results,
    Optional<byte[]> afterword) {

  public Program {
    command = List.copyOf(command);
    files = Map.copyOf(files);
    if (command.isEmpty()) {
      throw new IllegalArgumentException("command: [] is not one word or more");
    }
    for (String name : files.keySet()) {
      if (!name.matches("[A-Za-z0-9_][A-Za-z0-9_.-]*")) {
        throw new IllegalArgumentException("files: \"" + name + "\" is not a plain file name");
      }
    }
    if (afterword.isPresent() && !results) {
      throw new IllegalArgumentException("afterword: needs results");
    }
  }

  /** A program that only reads its standard input and writes its output. */
  public static Program of(List<String> command, Map<String, byte[]> files, byte[] input) {
    return new Program(command, files, input, false, Optional.empty());
  }
}
