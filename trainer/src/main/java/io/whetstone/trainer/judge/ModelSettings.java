package io.whetstone.trainer.judge;

import io.whetstone.checkpoints.CheckpointStore;
import io.whetstone.datasets.settings.Default;
import io.whetstone.tensor.Sampling;
import io.whetstone.trainer.config.Precision;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A judge that is a model of ours.
 *
 * @param path a model's, a checkpoint's or a run's directory; a run's stands for its newest
 *     checkpoint
 * @param backend what it computes on, by its provider's name
 * @param precision as an experiment's
 * @param threads worker threads; 0 for all the processors the process may use
 * @param temperature of the answers; 0 takes the likeliest tokens
 * @param maxTokens of one answer, hidden reasoning included
 * @param stop texts that end an answer
 * @param seed of the random numbers, where the temperature is above 0
 * @param chat whether the question goes through the model's chat template; left out: where it has
 *     one
 * @param enableThinking what the template is told of that name
 * @param sequences answers that are drawn together
 * @param patience how long one question may take, for the deadline
 */
record ModelSettings(
    Path path,
    @Default(value = "\"cpu\"", source = "as an experiment's") String backend,
    @Default(value = "\"f32\"", source = "as an experiment's") Precision precision,
    @Default(value = "0", source = "as an experiment's") int threads,
    @Default(value = "0", source = "a judge should not roll dice") double temperature,
    @Default(value = "512", source = "a few sentences and a verdict") int maxTokens,
    @Default(value = "[]", source = "models end by themselves") List<String> stop,
    @Default(value = "0", source = "convention") long seed,
    Optional<Boolean> chat,
    Optional<Boolean> enableThinking,
    @Default(value = "64", source = "a group of 8 with 8 votes") int sequences,
    @Default(value = "\"60s\"", source = "512 tokens at 10 a second") java.time.Duration patience) {

  ModelSettings {
    require(threads >= 0, "threads: is not 0 or more");
    require(temperature >= 0 && temperature <= 100, "temperature: is not in [0, 100]");
    require(maxTokens >= 1, "max-tokens: is not 1 or more");
    require(sequences >= 1, "sequences: is not 1 or more");
    require(patience.isPositive(), "patience: is not more than 0");
    require(stop.stream().noneMatch(String::isEmpty), "stop: an empty text would end everything");
  }

  private static void require(boolean holds, String complaint) {
    if (!holds) {
      throw new IllegalArgumentException(complaint);
    }
  }

  Sampling sampling() {
    return temperature == 0 ? Sampling.GREEDY : new Sampling((float) temperature, 0, 1, 0);
  }

  /**
   * The model's directory.
   *
   * @throws IllegalArgumentException where there is none
   */
  Path directory() {
    Path checkpoints = path.resolve("checkpoints");
    if (Files.isDirectory(checkpoints)) {
      return new CheckpointStore(checkpoints)
          .latest()
          .orElseThrow(
              () -> new IllegalArgumentException("path: " + path + " has no checkpoint yet"))
          .directory();
    }
    if (!Files.isRegularFile(path.resolve("config.json"))) {
      throw new IllegalArgumentException(
          "path: "
              + path
              + " is neither a run (no checkpoints in it) nor a model (no config.json)");
    }
    return path;
  }
}
