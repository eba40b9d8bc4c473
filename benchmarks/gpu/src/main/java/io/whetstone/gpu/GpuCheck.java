package io.whetstone.gpu;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.tensor.BackendProvider;
import io.whetstone.tensor.Backends;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * All that can only be known with a GPU, in one command and ten minutes.
 *
 * <pre>
 * for each part: a process of its own → its figures, or why it failed → one JSON
 * </pre>
 */
public final class GpuCheck {
  private static final String USAGE =
      """
      gpu-check [--out FILE] [--parts PART,PART] [--backend NAME] [--small]
        --out     the JSON that is written (gpu-check.json)
        --parts   %s
        --small   sizes for a machine without a GPU
      Ends with code 0 when every part went well, 1 when one failed, 2 where there is no GPU.\
      """
          .formatted(String.join(", ", Arrays.stream(Part.values()).map(Part::title).toList()));

  /** Where the package lies. */
  private static final String HOME = System.getProperty("whetstone.gpu-check.home", ".");

  /** All parts together; each, where sizes are small and the machine slow. */
  private static final double SECONDS = 580;

  private final ObjectMapper json = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
  private final long begin = System.nanoTime();
  private Path out = Path.of("gpu-check.json");
  private List<Part> parts = List.of(Part.values());
  private String backend = "cuda";
  private boolean small;

  private GpuCheck() {}

  /** Runs it. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    System.exit(new GpuCheck().run(arguments));
  }

  private int run(String[] arguments) throws IOException, InterruptedException {
    try {
      read(arguments);
    } catch (IllegalArgumentException e) {
      System.err.println("gpu-check: " + e.getMessage());
      System.err.println(USAGE);
      return 2;
    }
    Optional<String> why = unavailable();
    if (why.isPresent()) {
      System.err.println("gpu-check: the backend " + backend + " cannot run here: " + why.get());
      return 2;
    }
    ObjectNode report = json.createObjectNode();
    report.put("date", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    report.put("sizes", small ? "small" : "full");
    Path commit = Path.of(HOME, "commit");
    report.put("commit", Files.exists(commit) ? Files.readString(commit).strip() : "not known");
    int failed = 0;
    for (Part part : parts) {
      ObjectNode figures = run(part);
      failed += figures.has("failed") ? 1 : 0;
      report.set(part.title(), figures);
      compare(report);
      Files.write(out, json.writeValueAsBytes(report)); // after each: a machine can be lost
    }
    System.out.printf(
        Locale.ROOT,
        "%d of %d parts went well, in %.0f s: %s%n",
        parts.size() - failed,
        parts.size(),
        elapsed(),
        out);
    return failed == 0 ? 0 : 1;
  }

  private void read(String[] arguments) {
    for (int i = 0; i < arguments.length; i++) {
      switch (arguments[i]) {
        case "--small" -> small = true;
        case "--out" -> out = Path.of(value(arguments, ++i));
        case "--backend" -> backend = value(arguments, ++i);
        case "--parts" -> parts = parts(value(arguments, ++i));
        default -> throw new IllegalArgumentException(arguments[i] + " is no option");
      }
    }
  }

  private static String value(String[] arguments, int at) {
    if (at == arguments.length) {
      throw new IllegalArgumentException(arguments[at - 1] + " has no value");
    }
    return arguments[at];
  }

  private static List<Part> parts(String names) {
    List<Part> parts = new ArrayList<>();
    for (String name : names.split(",")) {
      parts.add(
          Arrays.stream(Part.values())
              .filter(part -> part.title().equals(name))
              .findFirst()
              .orElseThrow(() -> new IllegalArgumentException("--parts: there is no " + name)));
    }
    return parts;
  }

  private Optional<String> unavailable() {
    return Backends.all().stream()
        .filter(provider -> provider.name().equals(backend))
        .findFirst()
        .map(BackendProvider::unavailable)
        .orElse(Optional.of("it is not on the class path"));
  }

  private ObjectNode run(Part part) throws IOException, InterruptedException {
    System.out.printf("%-22s ", part.title());
    System.out.flush();
    double seconds = small ? SECONDS : Math.min(part.seconds(), SECONDS - elapsed());
    ObjectNode figures = json.createObjectNode();
    long started = System.nanoTime();
    if (seconds < 5) {
      figures.put("failed", "no time was left for it");
    } else {
      figures = inProcess(part, seconds);
    }
    figures.put("took-seconds", Math.round((System.nanoTime() - started) * 1e-7) / 100.0);
    System.out.println(
        figures.has("failed")
            ? "FAILED: " + figures.get("failed").asText().lines().findFirst().orElse("")
            : "done in " + figures.get("took-seconds").asText() + " s");
    return figures;
  }

  private ObjectNode inProcess(Part part, double seconds) throws IOException, InterruptedException {
    Path found = Files.createTempFile("gpu-check", ".json");
    Path said = Files.createTempFile("gpu-check", ".log");
    List<String> arguments =
        List.of(
            part.name(),
            backend,
            small ? "small" : "full",
            HOME,
            String.valueOf(seconds - 5),
            found.toString());
    Process process = Child.start(Part.class.getName(), said, arguments);
    boolean ended = process.waitFor((long) (seconds * 1000), TimeUnit.MILLISECONDS);
    if (!ended) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      // A process that the driver does not let go is left behind.
      process.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
    }
    ObjectNode figures = json.createObjectNode();
    if (Files.size(found) > 0) {
      figures = (ObjectNode) json.readTree(found.toFile());
    } else {
      String how = ended ? "ended with code " + process.exitValue() : "took too long";
      figures.put("failed", how + ": " + Child.tail(said));
    }
    Files.delete(found);
    Files.delete(said);
    return figures;
  }

  /** Puts this engine's step beside TRL's, where both were measured. */
  private static void compare(ObjectNode report) {
    double ours = report.path(Part.STEP_HALF_BILLION.title()).path("grpo-step-seconds").asDouble();
    double theirs = report.path(Part.PEER.title()).path("grpo-step-seconds").asDouble();
    if (ours > 0 && theirs > 0) {
      report.put("trl-over-whetstone", theirs / ours);
    }
  }

  private double elapsed() {
    return (System.nanoTime() - begin) * 1e-9;
  }
}
