package io.whetstone.trainer.command;

import io.whetstone.datasets.Datasets;
import io.whetstone.datasets.settings.Names;
import io.whetstone.datasets.settings.Settings;
import io.whetstone.rewards.RewardCatalog;
import io.whetstone.rewards.RewardPipeline;
import io.whetstone.rewards.WeightedReward;
import io.whetstone.trainer.config.Configuration;
import io.whetstone.trainer.config.Data;
import io.whetstone.trainer.config.Decoding;
import io.whetstone.trainer.config.Drawing;
import io.whetstone.trainer.config.Evaluation;
import io.whetstone.trainer.config.Experiment;
import io.whetstone.trainer.config.Prompt;
import io.whetstone.trainer.config.RewardEntry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What {@code --tasks} stands for, and how a model is measured on it.
 *
 * @param configured the configuration that prompt, decoding and rewards are taken from, if any
 */
record EvaluationTarget(Data data, Optional<Experiment> configured) {
  private static final String FORMAT = "format";

  /**
   * Finds the tasks.
   *
   * @param run the configuration of the run that the model belongs to
   */
  static EvaluationTarget of(String name, FieldOptions fields, Optional<Configuration> run) {
    if (name.endsWith(".yaml") || name.endsWith(".yml")) {
      Experiment experiment = Configuration.load(Path.of(name), List.of()).experiment();
      Data data =
          experiment
              .evaluationTasks()
              .orElseThrow(() -> new UsageException(name + ": has no evaluation"));
      return new EvaluationTarget(data, Optional.of(experiment));
    }
    Optional<Experiment> experiment = run.map(Configuration::experiment);
    if (Datasets.syntheticNames().contains(name)) {
      return new EvaluationTarget(data(Map.of("synthetic", Map.of(name, Map.of()))), experiment);
    }
    boolean there = Files.exists(Path.of(name));
    if (there && name.endsWith(".jsonl")) {
      return new EvaluationTarget(data(Map.of("jsonl", fields.settings(name))), experiment);
    }
    if (there || name.startsWith("hf://")) {
      return new EvaluationTarget(data(Map.of("table", fields.settings(name))), experiment);
    }
    throw new UsageException(
        "--tasks "
            + name
            + ": is no file here, and as a synthetic task "
            + Names.unknown(name, Datasets.syntheticNames()));
  }

  private static Data data(Map<String, Object> settings) {
    return Settings.read(settings, Data.class, "");
  }

  private Optional<Evaluation> evaluation() {
    return configured.flatMap(Experiment::evaluation);
  }

  Prompt prompt() {
    return configured
        .map(Experiment::promptTemplate)
        .orElseGet(() -> Settings.read(Map.of(), Prompt.class, ""));
  }

  Decoding decoding() {
    return evaluation()
        .map(Evaluation::decoding)
        .orElseGet(() -> new Decoding(256, 1, 0, 1, 0, List.of()));
  }

  long seed() {
    return configured.map(Experiment::seed).orElse(0L);
  }

  int count() {
    return evaluation().map(Evaluation::count).orElse(512);
  }

  int samples() {
    return evaluation().map(Evaluation::samples).orElse(1);
  }

  String solvedBy() {
    return evaluation().map(Evaluation::solvedBy).orElse("accuracy");
  }

  Optional<Path> plugins() {
    return configured.flatMap(Experiment::firstDrawing).flatMap(Drawing::rewardPlugins);
  }

  /** The deciding reward, as the configuration sets it where it does, and the format. */
  RewardPipeline rewards(String deciding, RewardCatalog catalog) {
    Map<String, RewardEntry> entries = new LinkedHashMap<>();
    configured
        .flatMap(Experiment::firstDrawing)
        .map(Drawing::rewards)
        .orElse(List.of())
        .forEach(entry -> entries.put(entry.name(), entry));
    List<WeightedReward> rewards =
        java.util.stream.Stream.of(deciding, FORMAT)
            .distinct()
            .map(
                name ->
                    new WeightedReward(
                        name, entries.getOrDefault(name, RewardEntry.of(name)).make(catalog), 1))
            .toList();
    return new RewardPipeline(rewards, Runtime.getRuntime().availableProcessors());
  }
}
