package io.whetstone.trainer.run;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * Files that are whole or not there: written as {@code .NAME.partial} beside the place, then
 * renamed into it.
 */
final class ReplacedFile {
  private ReplacedFile() {}

  /** Writes the contents of a file to a stream, which it does not close. */
  interface Contents {
    void write(OutputStream out) throws IOException;
  }

  /**
   * Puts a file with these contents in the place of {@code file}, if there was one.
   *
   * @param forced whether the bytes are on the device before the rename, so that a power cut leaves
   *     the old file or the new one
   */
  static void write(Path file, boolean forced, Contents contents) {
    Path partial = file.resolveSibling("." + file.getFileName() + ".partial");
    try {
      try (FileChannel channel =
              FileChannel.open(
                  partial,
                  StandardOpenOption.CREATE,
                  StandardOpenOption.WRITE,
                  StandardOpenOption.TRUNCATE_EXISTING);
          OutputStream out = Channels.newOutputStream(channel)) {
        contents.write(out);
        out.flush();
        if (forced) {
          channel.force(true);
        }
      }
      Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      discard(partial);
      throw RunException.failure(file + ": could not be written: " + RunException.reason(e), e);
    }
  }

  private static void discard(Path partial) {
    try {
      Files.deleteIfExists(partial);
    } catch (IOException e) {
      // The error that led here says more; the next write replaces what is left.
    }
  }
}
