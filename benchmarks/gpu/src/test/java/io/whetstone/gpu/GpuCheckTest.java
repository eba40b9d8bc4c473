package io.whetstone.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.whetstone.cuda.StandIn;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The check itself, on the stand-in: its times say nothing there. */
class GpuCheckTest {
  private static final String HOME = "whetstone.gpu-check.home";

  @TempDir Path directory;

  @BeforeEach
  void standIn() {
    StandIn.fast();
    System.setProperty(HOME, Path.of("..", "..").toString());
  }

  @AfterEach
  void forget() {
    System.clearProperty(HOME);
  }

  @Test
  void aPartThatFailsDoesNotHideTheRest() throws Exception {
    System.setProperty(HOME, directory.resolve("nothing").toString());
    JsonNode report = check(1, "first-run,machine,peer");
    String why = report.required("first-run").required("failed").asText();
    assertTrue(why.contains("first-run.yaml: is not there"), why);
    JsonNode machine = report.required("machine");
    assertTrue(machine.required("backend").asText().contains("stand-in"), machine.toString());
    assertTrue(machine.required("memory-bytes").asLong() > 0);
    assertEquals(2.5, report.required("peer").required("grpo-step-seconds").asDouble());
  }

  @Test
  @Tag("long")
  void everyPartRuns() throws Exception {
    List<String> parts = new ArrayList<>();
    for (Part part : Part.values()) {
      parts.add(part.title());
    }
    JsonNode report = check(0, String.join(",", parts));
    assertEquals(
        report.required("conformance").required("tests"),
        report.required("conformance").required("passed"));
    JsonNode step = report.required("step-half-billion");
    assertTrue(step.required("grpo-step-seconds").asDouble() > 0, step.toString());
    assertTrue(step.required("forward-backward-operations-per-second").asDouble() > 0);
    assertEquals(0, report.required("first-run").required("logprob-mismatch-max").asDouble());
    assertTrue(report.required("kernels").has("adamW"), report.toString());
  }

  private JsonNode check(int code, String parts) throws Exception {
    Path out = directory.resolve("report.json");
    Path said = directory.resolve("said");
    List<String> arguments = List.of("--small", "--parts", parts, "--out", out.toString());
    Map<String, String> environment = Map.of("PYTHON", python().toString());
    Process process = Child.start(GpuCheck.class.getName(), said, arguments, environment);
    try {
      assertTrue(process.waitFor(10, TimeUnit.MINUTES), "still running");
    } finally {
      process.destroyForcibly();
    }
    assertEquals(code, process.exitValue(), Files.readString(said));
    return new ObjectMapper().readTree(out.toFile());
  }

  /** Stands in for a Python that has TRL: says what peers.py says. */
  private Path python() throws Exception {
    Path script = directory.resolve("python");
    String row =
        "{\"name\": \"tiny/grpo-step\", \"value\": 2.5, \"unit\": \"s\", \"all\": [3.5, 2.5]}";
    Files.writeString(script, "#!/bin/sh\n[ \"$1\" = -c ] || echo '" + row + "'\n");
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
    return script;
  }
}
