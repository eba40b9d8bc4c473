package io.whetstone.trainer.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.datasets.settings.Settings;
import io.whetstone.model.ModelConfig;
import io.whetstone.model.Transformer;
import io.whetstone.rewards.models.ScoreModel;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Gate;
import io.whetstone.tensor.Heads;
import io.whetstone.trainer.config.RewardModel;
import io.whetstone.trainer.loop.RewardExample.Labelled;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The margin of each pair, and that a checkpoint keeps it. */
class RewardModelUpdateTest {
  private Backend backend;
  private Transformer policy;
  private ScoreModel model;

  @BeforeEach
  void open() {
    backend = Backends.open("cpu", 1);
    ModelConfig shape =
        new ModelConfig(
            12, 16, 2, new Heads(2, 1, 8), 24, Gate.SILU, 10_000, 1e-6f, true, false, 32);
    policy = Transformer.create(backend, shape, DType.F32, true);
    policy.initialise(3, 0.3);
    model = ScoreModel.start(settings(0).form(), policy, null, 5);
  }

  @AfterEach
  void close() {
    model.close();
    policy.close();
    backend.close();
  }

  private static RewardModel settings(double margin) {
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("pairs", Map.of("path", "x.jsonl"));
    settings.putAll(Map.of("steps", 1, "batch", 2, "learning-rate", 1e-3, "margin", margin));
    return Settings.read(settings, RewardModel.class, "");
  }

  private static Labelled whole(int... ids) {
    return new Labelled(
        ids,
        new int[] {ids.length - 1},
        new double[] {Double.NaN},
        new double[] {Double.NaN},
        Double.NaN);
  }

  private static RewardExample pair(OptionalDouble margin, Labelled better, Labelled worse) {
    return new RewardExample("a", new int[] {1, 2}, List.of(better, worse), margin);
  }

  private double loss(RewardModel settings, List<RewardExample> pairs) {
    Map<String, Double> metrics = new LinkedHashMap<>();
    new RewardModelUpdate(settings, model).accumulate(pairs, metrics);
    model.zeroGradients();
    return metrics.get("reward-model/loss");
  }

  @Test
  void aPairsOwnMarginTakesThePlaceOfTheStages() {
    List<RewardExample> pairs =
        List.of(
            pair(OptionalDouble.of(0.5), whole(3, 4), whole(5)),
            pair(OptionalDouble.of(1.5), whole(6, 7, 8), whole(9, 1)));
    double[][] scores = model.scores(RewardExample.scorables(pairs), 1000);
    double expected =
        (Math.log1p(Math.exp(0.5 - scores[0][0] + scores[1][0]))
                + Math.log1p(Math.exp(1.5 - scores[2][0] + scores[3][0])))
            / 2;
    assertEquals(expected, loss(settings(0), pairs), 1e-6);
    List<RewardExample> without =
        pairs.stream().map(p -> new RewardExample(p.task(), p.prompt(), p.completions())).toList();
    assertTrue(loss(settings(0), without) < expected - 0.1);
    assertEquals(
        Math.log1p(Math.exp(0.5 - scores[0][0] + scores[1][0])),
        loss(settings(0.5), without.subList(0, 1)),
        1e-6);
  }

  @Test
  void aCheckpointKeepsIt(@TempDir Path directory) throws IOException {
    RewardExample with = pair(OptionalDouble.of(0.5), whole(3, 4), whole(5));
    RewardExample without = pair(OptionalDouble.empty(), whole(3, 4), whole(5));
    RewardExample.write(directory, List.of(with, without), List.of(with));
    List<RewardExample> training = new ArrayList<>();
    List<RewardExample> test = new ArrayList<>();
    RewardExample.read(directory, training, test);
    assertEquals(OptionalDouble.of(0.5), training.get(0).margin());
    assertEquals(OptionalDouble.empty(), training.get(1).margin());
    assertEquals(OptionalDouble.of(0.5), test.getFirst().margin());
  }
}
