package io.whetstone.checkpoints.fuzz;

import io.whetstone.checkpoints.CheckpointException;
import io.whetstone.checkpoints.SafetensorsFile;
import io.whetstone.fuzz.Fuzz;
import java.io.InputStream;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damaged safetensors files are read, or refused with one message. */
class SafetensorsFuzzTest {
  @TempDir Path directory;

  @Test
  void aSample() throws Exception {
    fuzz(300);
  }

  @Test
  @Tag("long")
  void many() throws Exception {
    System.out.println("safetensors: " + fuzz(10_000));
  }

  private Fuzz.Result fuzz(int files) throws Exception {
    byte[] good;
    try (InputStream in =
        CheckpointException.class.getResourceAsStream("llama/model.safetensors")) {
      good = in.readAllBytes();
    }
    return Fuzz.of(good, directory.resolve("model.safetensors"))
        .files(files)
        .damagedBy(new SafetensorsDamage())
        .refusedBy(CheckpointException.class)
        .read(
            path -> {
              try (SafetensorsFile file = SafetensorsFile.open(path)) {
                for (String name : file.tensors().keySet()) {
                  if (file.tensors().get(name).type().isFloat()) {
                    file.floats(name);
                  }
                }
              }
            });
  }
}
