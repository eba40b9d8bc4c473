package io.whetstone.checkpoints;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A directory that is written aside, forced to the device and only then put in its place. */
public final class ReplacedDirectory {
  private ReplacedDirectory() {}

  /** Writes a directory anew; killed at any moment, what is there is whole. */
  public static void write(Path directory, CheckpointWriter writer) throws IOException {
    Path aside = directory.resolveSibling("." + directory.getFileName() + ".writing");
    Directories.delete(aside);
    Files.createDirectories(aside);
    writer.write(aside);
    Directories.force(aside);
    Directories.delete(directory);
    Files.move(aside, directory);
    Directories.forceEntries(directory.toAbsolutePath().getParent());
  }
}
