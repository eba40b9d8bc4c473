package io.whetstone.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is kept of compiled kernels. */
class KernelCompilerTest {
  @TempDir Path place;

  private void run(String... defines) {
    StandIn standIn = StandIn.fast();
    standIn.use();
    String before = System.setProperty(KernelCompiler.CACHE, place.toString());
    try (Gpu gpu = Gpu.open()) {
      long to = gpu.temporaries().reserve("numbers", 4);
      gpu.kernel("trial.cu", "number", defines).begin().integer(0).pointer(to).launch(1, 1, 32, 16);
      gpu.queue().synchronize();
    } finally {
      System.setProperty(KernelCompiler.CACHE, before);
    }
    assertEquals("", standIn.reports());
  }

  private List<Path> kept() throws IOException {
    try (Stream<Path> files = Files.list(place)) {
      return files.sorted().toList();
    }
  }

  @Test
  void whatWasCompiledIsTakenFromDisk() throws IOException {
    run();
    assertEquals(1, kept().size());
    Path file = kept().getFirst();
    assertTrue(file.getFileName().toString().startsWith("trial.cu-"), file.toString());
    FileTime longAgo = FileTime.fromMillis(1_000_000);
    Files.setLastModifiedTime(file, longAgo);
    run();
    assertEquals(List.of(file), kept());
    assertEquals(longAgo, Files.getLastModifiedTime(file), "it was written again");
    run("FACTOR=2");
    assertEquals(2, kept().size(), "other defines are another module");
  }

  @Test
  void whatIsDamagedIsCompiledAgain() throws IOException {
    run();
    Path file = kept().getFirst();
    byte[] whole = Files.readAllBytes(file);
    byte[] changed = whole.clone();
    changed[whole.length / 2] ^= 1;
    for (byte[] damaged : List.of(changed, Arrays.copyOf(whole, 100), new byte[0])) {
      Files.write(file, damaged);
      run();
      assertEquals(List.of(file), kept());
      assertFalse(Arrays.equals(damaged, Files.readAllBytes(file)), "it stays damaged");
    }
  }

  @Test
  void withoutAPlaceItRunsAllTheSame() throws IOException {
    Path file = place.resolve("a-file");
    Files.writeString(file, "in the way");
    Path real = place;
    place = file.resolve("below");
    run();
    place = real;
    assertArrayEquals("in the way".getBytes(), Files.readAllBytes(file));
  }

  @Test
  void aWrongSourceGivesTheCompilersMessage() {
    StandIn standIn = StandIn.fast();
    try (Gpu gpu = standIn.open()) {
      Kernel kernel = gpu.kernel("broken.cu", "broken").begin();
      String message =
          assertThrows(IllegalStateException.class, () -> kernel.launch(1, 32)).getMessage();
      assertTrue(message.contains("broken.cu does not compile"), message);
      assertTrue(message.contains("undeclared"), message);
    }
  }
}
