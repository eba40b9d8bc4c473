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
      gpu-check [--out FILE] [--parts PART,PART] [--seconds N] [--backend NAME] [--small]
        --out     the JSON that is written, after each part (gpu-check.json)
        --parts   %s
        --seconds for all parts together (580); those that come last get what is left
        --small   sizes for a machine without a GPU
      Ends with code 0 when every part went well, 1 when one failed, 2 where there is no GPU.\
      """
          .formatted(String.join(", ", Arrays.stream(Part.values()).map(Part::title).toList()));

  /** Where the package lies. */
  private static final String HOME = System.getProperty("whetstone.gpu-check.home", ".");

  /** Kept of what a part says by the way. */
  private static final int NOTES = 20;

  private final ObjectMapper json = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
  private final long begin = System.nanoTime();
  private Path out = Path.of("gpu-check.json");
  private List<Part> parts = List.of(Part.values());
  private String backend = "cuda";
  private boolean small;

  /** All parts together; each, where sizes are small and the machine slow. */
  private double seconds = 580;

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
    try {
      write(report); // a place where nothing can be written is better known now
    } catch (IOException e) {
      System.err.println("gpu-check: --out: " + out + " cannot be written: " + e);
      return 2;
    }
    int failed = 0;
    for (Part part : parts) {
      ObjectNode figures = run(part);
      failed += figures.has("failed") ? 1 : 0;
      report.set(part.title(), figures);
      compare(report);
      write(report); // after each: a machine can be lost
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

  private void write(ObjectNode report) throws IOException {
    Files.write(out, json.writeValueAsBytes(report));
  }

  private void read(String[] arguments) {
    for (int i = 0; i < arguments.length; i++) {
      switch (arguments[i]) {
        case "--small" -> small = true;
        case "--out" -> out = Path.of(value(arguments, ++i));
        case "--backend" -> backend = value(arguments, ++i);
        case "--seconds" -> seconds = seconds(value(arguments, ++i));
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

  private static double seconds(String text) {
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("--seconds: " + text + " is not a number");
    }
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
    double most = small ? seconds : Math.min(part.seconds(), seconds - elapsed());
    ObjectNode figures = json.createObjectNode();
    long started = System.nanoTime();
    if (most < 5) {
      figures.put("failed", "no time was left for it");
    } else {
      figures = inProcess(part, most);
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
      figures = (ObjectNode) json.readTree(found.toFile()); // of one that was lost, what it had
    }
    if (!ended || process.exitValue() != 0 || figures.isEmpty()) {
      String how = ended ? "ended with code " + process.exitValue() : "took too long";
      figures.put("failed", how + ": " + Child.tail(said));
    }
    List<String> notes = notes(said);
    if (!notes.isEmpty()) {
      figures.putPOJO("notes", notes);
    }
    Files.deleteIfExists(found);
    Files.deleteIfExists(said);
    return figures;
  }

  /** What the backend said by the way, such as products that go through in chunks. */
  private static List<String> notes(Path said) throws IOException {
    return Child.text(said)
        .lines()
        .filter(line -> line.startsWith("cuda: "))
        .distinct()
        .limit(NOTES)
        .toList();
  }

  /** Puts this engine's step beside the peer's, where both were measured. */
  private static void compare(ObjectNode report) {
    double ours = report.path(Part.STEP_HALF_BILLION.title()).path("grpo-step-seconds").asDouble();
    double theirs = report.path(Part.PEER.title()).path("grpo-step-seconds").asDouble();
    if (ours > 0 && theirs > 0) {
      boolean trl = report.path(Part.PEER.title()).path("by").asText().equals("trl");
      report.put((trl ? "trl" : "transformers") + "-over-whetstone", theirs / ours);
    }
  }

  private double elapsed() {
    return (System.nanoTime() - begin) * 1e-9;
  }
}
