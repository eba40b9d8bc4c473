package io.whetstone.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
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

  private static final String ROW =
      "{\"name\": \"tiny/grpo-step\", \"value\": 2.5, \"unit\": \"s\", \"all\": [3.5, 2.5]}";

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
    assertEquals("trl", report.required("peer").required("by").asText());
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

  /** A Python without TRL: the peer is transformers alone, and says so. */
  @Test
  void withoutTrlThePeerIsTransformersAlone() throws Exception {
    JsonNode peer = check(0, "peer", python("torch transformers", "")).required("peer");
    assertEquals("transformers and torch, without trl", peer.required("by").asText());
    assertEquals(2.5, peer.required("grpo-step-seconds").asDouble());
    JsonNode none = check(0, "peer", python("datasets", "")).required("peer");
    assertTrue(none.required("not-run").asText().contains("no torch"), none.toString());
  }

  /** TRL of a version that does not fit: the peer is transformers alone. */
  @Test
  void aPeerThatFailsHasAnother() throws Exception {
    String ofTrl = "[ $2 != trl ] || { echo no such option; exit 1; }";
    JsonNode peer = check(0, "peer", python("torch transformers trl datasets", ofTrl));
    peer = peer.required("peer");
    assertTrue(peer.required("trl-failed").asText().contains("no such option"), peer.toString());
    assertEquals("transformers and torch, without trl", peer.required("by").asText());
    assertEquals(2.5, peer.required("grpo-step-seconds").asDouble());
  }

  /** What was measured by then is in the report, and why it is not more. */
  @Test
  @Tag("long")
  void aPartThatHangsKeepsWhatItFound() throws Exception {
    Path python = python("torch transformers", "echo '" + ROW + "'; exec sleep 1000");
    JsonNode peer = check(1, "peer", python, "--seconds", "40").required("peer");
    assertEquals(2.5, peer.required("grpo-step-seconds").asDouble());
    assertTrue(peer.required("failed").asText().contains("took too long"), peer.toString());
  }

  /** What a part knew is kept when its process is lost. */
  @Test
  void figuresAreKeptWhileAPartRuns() throws Exception {
    ObjectNode figures = new ObjectMapper().createObjectNode().put("known", 1);
    Path file = directory.resolve("figures.json");
    Found found = new Found(file, figures);
    found.keepEverySecond();
    for (int i = 0; i < 600 && !Files.exists(file); i++) {
      Thread.sleep(100);
    }
    assertEquals(figures, new ObjectMapper().readTree(file.toFile()));
    figures.put("last", 2);
    found.keepAtLast();
    assertEquals(figures, new ObjectMapper().readTree(file.toFile()));
  }

  private JsonNode check(int code, String parts) throws Exception {
    return check(code, parts, python("torch transformers trl datasets", ""));
  }

  private JsonNode check(int code, String parts, Path python, String... more) throws Exception {
    Path out = directory.resolve("report.json");
    Path said = directory.resolve("said");
    List<String> arguments =
        new ArrayList<>(List.of("--small", "--parts", parts, "--out", out.toString()));
    arguments.addAll(List.of(more));
    Map<String, String> environment = Map.of("PYTHON", python.toString());
    Process process = Child.start(GpuCheck.class.getName(), said, arguments, environment);
    try {
      assertTrue(process.waitFor(10, TimeUnit.MINUTES), "still running");
    } finally {
      process.destroyForcibly();
    }
    assertEquals(code, process.exitValue(), Files.readString(said));
    return new ObjectMapper().readTree(out.toFile());
  }

  /**
   * Stands in for a Python that has these modules, and says what peers.py says.
   *
   * @param first what it does before that
   */
  private Path python(String modules, String first) throws Exception {
    Path script = directory.resolve("python");
    Files.writeString(
        script,
        "#!/bin/sh\n[ \"$1\" != -c ] || { echo '%s'; exit 0; }\n%s\necho '%s'\n"
            .formatted(modules, first, ROW));
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
    return script;
  }
}
