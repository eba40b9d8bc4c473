package io.whetstone.trainer.config;

import io.whetstone.fuzz.Damage;
import io.whetstone.fuzz.Fuzz;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Damaged configurations are read, or refused with one message. */
class ConfigurationFuzzTest {
  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(strings = {"first-run.yaml", "models/qwen2.5-0.5b.yaml"})
  void aSample(String file) throws Exception {
    fuzz(file, 200);
  }

  @ParameterizedTest
  @ValueSource(strings = {"first-run.yaml", "models/qwen2.5-0.5b.yaml"})
  @Tag("long")
  void many(String file) throws Exception {
    System.out.println(file + ": " + fuzz(file, 10_000));
  }

  private Fuzz.Result fuzz(String file, int files) throws Exception {
    byte[] good = Files.readAllBytes(Path.of("../configs").resolve(file));
    return Fuzz.of(good, directory.resolve("x.yaml"))
        .files(files)
        .damagedBy(Damage.words())
        .refusedBy(ConfigurationException.class)
        .read(path -> Configuration.load(path, List.of()));
  }
}
