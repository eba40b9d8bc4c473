package io.whetstone.checkpoints;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileWindowTest {
  @TempDir Path directory;

  /** Forwards, backwards, across windows and at the end. */
  @Test
  void bytesAreTheFilesWhereverTheyAreAskedFor() throws IOException {
    byte[] written = new byte[70 << 20];
    for (int i = 0; i < written.length; i += 1021) {
      written[i] = (byte) (i * 31 >>> 8);
    }
    Path path = Files.write(directory.resolve("file"), written);
    try (FileWindow file = FileWindow.open(path)) {
      assertEquals(written.length, file.size());
      int[] froms = {0, 5, 40 << 20, (32 << 20) - 7, written.length - 3, 1 << 20, written.length};
      int[] counts = {8, 69 << 20, 100, 50, 3, 1 << 20, 0};
      for (int i = 0; i < froms.length; i++) {
        MemorySegment expected = MemorySegment.ofArray(written).asSlice(froms[i], counts[i]);
        assertEquals(-1, expected.mismatch(file.bytes(froms[i], counts[i])), "case " + i);
      }
      file.unmap();
      assertEquals(written[1021], file.bytes(1021, 1).get(ValueLayout.JAVA_BYTE, 0));
      assertThrows(IndexOutOfBoundsException.class, () -> file.bytes(written.length - 3, 4));
    }
  }

  @Test
  void whatWasReadIsLetGo() throws IOException {
    Path path = Files.write(directory.resolve("file"), new byte[40 << 20]);
    try (FileWindow file = FileWindow.open(path)) {
      MemorySegment first = file.bytes(0, 10);
      file.bytes(39 << 20, 10);
      assertThrows(IllegalStateException.class, () -> first.get(ValueLayout.JAVA_BYTE, 0));
    }
  }
}
