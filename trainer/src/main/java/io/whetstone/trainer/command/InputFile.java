package io.whetstone.trainer.command;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file given on the command line, {@code -} for standard input. */
final class InputFile {
  private InputFile() {}

  /** How messages call it. */
  static String name(String file) {
    return file.equals("-") ? "standard input" : file;
  }

  static InputStream open(String name) throws IOException {
    if (name.equals("-")) {
      return System.in;
    }
    Path path = Path.of(name);
    if (!Files.exists(path)) {
      throw new UsageException(name + ": is not there");
    }
    if (Files.isDirectory(path)) {
      throw new UsageException(name + ": is a directory; expected a file");
    }
    return Files.newInputStream(path);
  }
}
