package io.whetstone.trainer.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.whetstone.checkpoints.PeftAdapter;
import io.whetstone.model.Lora;
import io.whetstone.trainer.config.Configuration;
import io.whetstone.trainer.config.Experiment;
import io.whetstone.trainer.config.Stage;
import io.whetstone.trainer.loop.BaseModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * {@code README.md} of an exported model: what it was made from and how, as far as the run's files
 * tell; nothing is guessed.
 */
final class ModelCard {
  private static final String NAME = "README.md";
  private static final Pattern HUB = Pattern.compile("[\\w-][\\w.-]*/[\\w.-]+(@[\\w./-]+)?");
  private static final Pattern SNAPSHOT = Pattern.compile("models--(.+?)--(.+)");
  private static final Pattern LICENSE =
      Pattern.compile("\\A---\\R(?:(?!---).*\\R)*?(license:.*)\\R", Pattern.MULTILINE);

  private final ModelDirectory from;
  private final Optional<PeftAdapter> adapter;
  private final ExportCommand.Format format;
  private final boolean merged;
  private final Path base;
  private final Optional<Experiment> experiment;

  ModelCard(
      ModelDirectory from,
      Optional<PeftAdapter> adapter,
      ExportCommand.Format format,
      boolean merged) {
    this.from = from;
    this.adapter = adapter;
    this.format = format;
    this.merged = merged;
    base = BaseModel.directory(from.model());
    experiment = from.configuration().map(Configuration::experiment);
  }

  /** {@code ORG/NAME} of a name at the hub, or of a directory in Hugging Face's cache. */
  private static Optional<String> hubName(String name) {
    for (Path part : Path.of(name)) {
      Matcher snapshot = SNAPSHOT.matcher(part.toString());
      if (snapshot.matches()) {
        return Optional.of(snapshot.group(1) + "/" + snapshot.group(2));
      }
    }
    boolean isName = HUB.matcher(name).matches() && !Files.exists(Path.of(name));
    return isName ? Optional.of(name.replaceFirst("@.*", "")) : Optional.empty();
  }

  void write(Path directory) throws IOException {
    Files.writeString(directory.resolve(NAME), text());
  }

  private String text() throws IOException {
    List<String> lines = new ArrayList<>();
    lines.add("---");
    Optional<String> startedFrom = startedFrom();
    startedFrom.flatMap(ModelCard::hubName).ifPresent(n -> lines.add("base_model: " + n));
    lines.add("library_name: " + (format == ExportCommand.Format.PEFT ? "peft" : "transformers"));
    lines.add("pipeline_tag: text-generation");
    license().ifPresent(lines::add);
    lines.add("tags:");
    tags().forEach(tag -> lines.add("- " + tag));
    lines.add("---");
    lines.add("");
    String name = experiment.map(Experiment::name).orElse(from.model().getFileName().toString());
    lines.add("# " + name);
    lines.add("");
    lines.add(
        experiment.isPresent()
            ? "Trained with Whetstone" + from(startedFrom) + " in these stages:"
            : "Written by Whetstone" + from(startedFrom) + ".");
    experiment.ifPresent(
        e -> {
          lines.add("");
          e.stages().forEach(stage -> lines.add("- " + stage(stage)));
        });
    adapters().ifPresent(text -> lines.addAll(List.of("", text)));
    measured(lines);
    return String.join("\n", lines) + "\n";
  }

  private static String from(Optional<String> startedFrom) {
    return startedFrom
        .map(name -> hubName(name).orElse(Path.of(name).getFileName().toString()))
        .map(name -> " from " + name)
        .orElse("");
  }

  /** What the run began with, else what an adapter belongs to. */
  private Optional<String> startedFrom() {
    return experiment
        .flatMap(e -> e.model().path())
        .map(Path::toString)
        .or(() -> base.equals(from.model()) ? Optional.empty() : Optional.of(base.toString()));
  }

  private List<String> tags() {
    List<String> tags = new ArrayList<>(List.of("whetstone"));
    experiment.ifPresent(e -> e.stages().stream().map(Stage::kind).distinct().forEach(tags::add));
    if (adapter.isPresent()) {
      tags.add("lora");
    }
    return tags;
  }

  /** The base model's own word. */
  private Optional<String> license() throws IOException {
    Path card = base.resolve(NAME);
    if (!Files.isRegularFile(card)) {
      return Optional.empty();
    }
    Matcher matcher = LICENSE.matcher(Files.readString(card));
    return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
  }

  private static String stage(Stage stage) {
    String label = stage.label().equals(stage.kind()) ? "" : " (" + stage.label() + ")";
    String drawn =
        stage
            .drawing()
            .map(
                d ->
                    d.rewards().stream()
                        .map(r -> r.name())
                        .collect(Collectors.joining(", ", "; rewards: ", "")))
            .orElse("");
    return stage.kind() + label + ": learning rate " + stage.optimization().learningRate() + drawn;
  }

  private Optional<String> adapters() {
    return adapter.map(there -> describe(there.lora()) + beside(there));
  }

  private String describe(Lora adapters) {
    String form =
        String.format(
            Locale.ROOT,
            "LoRA of rank %d, alpha %s%s, on %d modules",
            adapters.rank(),
            number(adapters.alpha()),
            adapters.rankStabilised() ? " (rank-stabilised)" : "",
            adapters.modules().size());
    return merged
        ? form + ", merged into the weights."
        : form + "; " + PeftAdapter.WEIGHTS + " holds the adapters alone.";
  }

  private static String beside(PeftAdapter adapters) {
    return adapters
        .quantized()
        .map(
            types ->
                " They were trained beside the base model's weights quantised to "
                    + types
                    + "; beside others their logprobs differ a little.")
        .orElse("");
  }

  private static String number(double value) {
    return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
  }

  /** From the run's summary. */
  private void measured(List<String> lines) throws IOException {
    if (from.run().isEmpty() || !Files.isRegularFile(from.run().get().resolve("summary.json"))) {
      return;
    }
    JsonNode summary =
        new ObjectMapper().readTree(Files.readAllBytes(from.run().get().resolve("summary.json")));
    List<String> rows = new ArrayList<>();
    for (String key : List.of("pass@1", "greedy", "thinks", "completion-length")) {
      JsonNode before = summary.path(key + "/before");
      JsonNode after = summary.path(key + "/after");
      if (before.isNumber() && after.isNumber()) {
        rows.add(
            String.format(
                Locale.ROOT, "| %s | %.4g | %.4g |", key, before.asDouble(), after.asDouble()));
      }
    }
    if (!rows.isEmpty()) {
      lines.addAll(List.of("", "| held-out tasks | before | after |", "|---|---|---|"));
      lines.addAll(rows);
    }
  }
}
