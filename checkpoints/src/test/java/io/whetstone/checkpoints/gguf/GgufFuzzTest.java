package io.whetstone.checkpoints.gguf;

import io.whetstone.checkpoints.CheckpointException;
import io.whetstone.fuzz.Fuzz;
import io.whetstone.tokenizer.TokenizerException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damaged GGUF files are refused with one message. */
class GgufFuzzTest {
  @TempDir Path directory;

  @Test
  void aSample() throws Exception {
    fuzz(300);
  }

  @Test
  @Tag("long")
  void many() throws Exception {
    fuzz(10_000);
  }

  private void fuzz(int files) throws Exception {
    byte[] good;
    try (InputStream in = GgufFuzzTest.class.getResourceAsStream("llama.gguf")) {
      good = in.readAllBytes();
    }
    int[] count = {0};
    Fuzz.of(good, directory.resolve("model.gguf"))
        .files(files)
        .refusedBy(CheckpointException.class, TokenizerException.class)
        .read(
            path -> {
              try (GgufFile file = GgufFile.open(path)) {
                file.tensors().keySet().forEach(file::floats);
              }
              Path parent = Files.createDirectory(directory.resolve("cache" + count[0]++));
              try {
                GgufDirectory.of(path, parent);
              } finally {
                HuggingFaceFiles.delete(parent);
              }
            });
  }

  /** The header alone, of which every byte says something. */
  @Test
  void headersOnly() throws Exception {
    GgufWriter writer = new GgufWriter();
    writer.string("general.architecture", "llama").count("a", 3).number("b", 0.5).flag("c", true);
    writer.strings("d", List.of("x", "yy")).integers("e", new int[] {1, 2});
    writer.tensor("t", GgufType.F32, List.of(2L, 3L), (from, to) -> new float[6]);
    Path small = directory.resolve("small.gguf");
    writer.write(small);
    Fuzz.of(Files.readAllBytes(small), directory.resolve("model.gguf"))
        .files(2_000)
        .refusedBy(CheckpointException.class)
        .read(
            path -> {
              try (GgufFile file = GgufFile.open(path)) {
                file.tensors().keySet().forEach(file::floats);
              }
            });
  }
}
