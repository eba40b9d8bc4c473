package io.whetstone.trainer.house;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.ImportOrderer;
import com.google.googlejavaformat.java.JavaFormatterOptions.Style;
import com.google.googlejavaformat.java.RemoveUnusedImports;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Every Java file is as {@code scripts/format} leaves it. */
class FormattingTest {
  @Test
  void everyFileIsFormatted() throws Exception {
    Path root = Path.of("").toAbsolutePath().getParent();
    assertTrue(Files.exists(root.resolve("engine")), "expected the repository in " + root);
    try (Stream<Path> walk = Files.walk(root)) {
      List<Path> sources =
          walk.filter(file -> file.toString().endsWith(".java"))
              .filter(file -> !root.relativize(file).toString().contains("target"))
              .toList();
      assertTrue(sources.size() > 100, "only " + sources.size() + " sources found");
      List<String> misformatted =
          sources.parallelStream()
              .filter(file -> !isFormatted(file))
              .map(file -> root.relativize(file).toString())
              .toList();
      assertEquals(List.of(), misformatted, "run scripts/format, which mends these");
    }
  }

  private static boolean isFormatted(Path file) {
    try {
      String text = Files.readString(file);
      String imports =
          ImportOrderer.reorderImports(RemoveUnusedImports.removeUnusedImports(text), Style.GOOGLE);
      return new Formatter().formatSource(imports).equals(text);
    } catch (Exception e) {
      throw new IllegalStateException(file + " cannot be parsed: " + e.getMessage(), e);
    }
  }
}
