package io.whetstone.gpu;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ConcurrentModificationException;

/** A part's figures in a file, so that those are kept which a part had when it was lost. */
final class Found {
  private static final long SECOND = 1000;

  private final ObjectMapper json = new ObjectMapper();
  private final Path file;
  private final ObjectNode figures;
  private boolean last;

  Found(Path file, ObjectNode figures) {
    this.file = file;
    this.figures = figures;
  }

  /** Until {@link #keepAtLast}. */
  void keepEverySecond() {
    Thread.ofPlatform().daemon().start(this::keepOn);
  }

  private void keepOn() {
    try {
      while (true) {
        Thread.sleep(SECOND);
        synchronized (this) {
          if (last) {
            return;
          }
          keep();
        }
      }
    } catch (InterruptedException | IOException e) {
      // What is there at the end is written then.
    }
  }

  void keepAtLast() throws IOException {
    synchronized (this) {
      last = true;
      keep();
    }
  }

  private void keep() throws IOException {
    byte[] now;
    try {
      now = json.writeValueAsBytes(figures);
    } catch (IOException | ConcurrentModificationException e) {
      if (last) {
        throw e;
      }
      return; // the part was putting something in: a second later
    }
    Path aside = file.resolveSibling(file.getFileName() + ".part");
    Files.write(aside, now);
    Files.move(aside, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
  }
}
