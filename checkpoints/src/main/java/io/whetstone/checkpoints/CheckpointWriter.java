package io.whetstone.checkpoints;

import java.io.IOException;
import java.nio.file.Path;

/** Writes what a checkpoint consists of. */
@FunctionalInterface
public interface CheckpointWriter {
  /**
   * Writes files into an empty directory; they need not be forced to disk.
   *
   * @throws IOException to give the checkpoint up
   */
  void write(Path directory) throws IOException;
}
