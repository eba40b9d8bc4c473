package io.whetstone.checkpoints.gguf;

import io.whetstone.checkpoints.CheckpointException;
import io.whetstone.checkpoints.HuggingFaceModel;
import io.whetstone.fuzz.Fuzz;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.tokenizer.TokenizerException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damaged GGUF files are read as models, or refused with one message. */
class GgufFuzzTest {
  @TempDir Path directory;

  @Test
  void aSample() throws Exception {
    fuzz(200);
  }

  @Test
  @Tag("long")
  void many() throws Exception {
    System.out.println("GGUF: " + fuzz(10_000));
  }

  private Fuzz.Result fuzz(int files) throws Exception {
    byte[] good;
    try (InputStream in = GgufFuzzTest.class.getResourceAsStream("llama.gguf")) {
      good = in.readAllBytes();
    }
    int[] count = {0};
    try (Backend backend = Backends.open("cpu", 1)) {
      return Fuzz.of(good, directory.resolve("model.gguf"))
          .files(files)
          .damagedBy(new GgufDamage())
          .refusedBy(CheckpointException.class, TokenizerException.class)
          .read(
              path -> {
                Path parent = Files.createDirectory(directory.resolve("cache" + count[0]++));
                try {
                  Path model = GgufDirectory.of(path, parent);
                  Tokenizer.load(model).close();
                  // A table of millions of positions is no lie, but takes long to make.
                  if (HuggingFaceModel.config(model).maxPositions() <= 1 << 16) {
                    HuggingFaceModel.load(model, backend, DType.F32, false).close();
                  }
                } finally {
                  HuggingFaceFiles.delete(parent);
                }
              });
    }
  }

  /** The header alone, of which every byte says something. */
  @Test
  void headersOnly() throws Exception {
    GgufWriter writer = new GgufWriter();
    writer.string("general.architecture", "llama").count("a", 3).number("b", 0.5).flag("c", true);
    writer.strings("d", List.of("x", "yy")).integers("e", new int[] {1, 2});
    writer.tensor("t", GgufType.F32, List.of(2L, 3L), (from, to) -> new float[6]);
    writer.tensor("q", GgufType.Q4_K, List.of(1L, 256L), (from, to) -> new float[256]);
    Path small = directory.resolve("small.gguf");
    writer.write(small);
    Fuzz.of(Files.readAllBytes(small), directory.resolve("model.gguf"))
        .files(2_000)
        .damagedBy(new GgufDamage())
        .refusedBy(CheckpointException.class)
        .read(
            path -> {
              try (GgufFile file = GgufFile.open(path)) {
                file.tensors().keySet().forEach(file::floats);
              }
            });
  }
}
