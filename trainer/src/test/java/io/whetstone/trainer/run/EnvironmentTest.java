package io.whetstone.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EnvironmentTest {
  @TempDir Path runs;

  @Test
  void itIsWrittenAndAddedTo() throws IOException {
    try (RunDirectory run = RunDirectory.create(runs, "one")) {
      Environment first = Environment.here("cpu, AVX-512", 7, List.of("train", "x.yaml"));
      first.begin(run);
      assertEquals(List.of(), first.resume(run));
      List<String> differences =
          Environment.here("cpu, AVX2", 7, List.of("train", "x.yaml", "--resume")).resume(run);
      assertEquals(List.of("backend was cpu, AVX-512 and is cpu, AVX2"), differences);

      JsonNode json = new ObjectMapper().readTree(run.environment().toFile());
      assertEquals(System.getProperty("java.version"), json.get("java").asText());
      assertEquals("cpu, AVX-512", json.get("backend").asText());
      assertEquals(7, json.get("seed").asLong());
      assertEquals("x.yaml", json.get("command").get(1).asText());
      assertEquals(2, json.get("resumed").size());
      assertEquals("--resume", json.get("resumed").get(1).get("command").get(2).asText());
      assertFalse(json.get("processor").asText().isEmpty());
      assertFalse(json.get("memory-bytes").asLong() <= 0);
    }
  }
}
