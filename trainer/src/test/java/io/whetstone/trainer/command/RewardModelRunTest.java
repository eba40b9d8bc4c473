package io.whetstone.trainer.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.whetstone.checkpoints.HuggingFaceModel;
import io.whetstone.datasets.settings.Settings;
import io.whetstone.model.ScalarHead;
import io.whetstone.rewards.models.ScoreModel;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import io.whetstone.trainer.config.FromScratch;
import io.whetstone.trainer.loop.Policy;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Reward models trained in a run and used by its next stage. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RewardModelRunTest {
  private static final List<String> MODELS = List.of("orm", "preferred", "prm");

  private Path runs;
  private Path configuration;
  private CommandLineRun first;

  @BeforeAll
  void train(@TempDir Path directory) throws IOException, URISyntaxException {
    runs = directory;
    configuration = runs.resolve("reward-models.yaml");
    for (String name : List.of("reward-models.yaml", "reward-pairs.jsonl")) {
      Path from =
          new File(RewardModelRunTest.class.getResource("/endtoend/" + name).toURI()).toPath();
      Files.copy(from, runs.resolve(name));
    }
    first = train("whole").succeeded();
  }

  private CommandLineRun train(String name, String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of("train", configuration.toString(), "--runs", runs.toString(), "--run", name));
    arguments.addAll(List.of(more));
    return CommandLineRun.of(arguments.toArray(String[]::new));
  }

  private List<JsonNode> lines(String stage) throws IOException {
    ObjectMapper json = new ObjectMapper();
    List<JsonNode> lines = new ArrayList<>();
    for (String line : Files.readAllLines(runs.resolve("whole/metrics.jsonl"))) {
      if (json.readTree(line).get("stage").asText().equals(stage)) {
        lines.add(json.readTree(line));
      }
    }
    return lines;
  }

  @Test
  void eachIsTestedOnWhatWasHeldOutAndLeftUnderItsName() throws IOException {
    JsonNode orm = lines("orm").getLast();
    assertTrue(orm.has("reward-model/held-out/completions/ece"), orm.toString());
    assertTrue(lines("preferred").getLast().has("reward-model/held-out/pairs"));
    // Of three lines the first, with its two worse completions, is held out.
    assertEquals(2, lines("preferred").getFirst().get("reward-model/examples").asInt());
    JsonNode prm = lines("prm").getLast();
    assertTrue(prm.has("reward-model/held-out/true-steps/auc"), prm.toString());
    assertTrue(lines("prm").getFirst().has("labels/agreement"));
    for (String model : MODELS) {
      Path left = runs.resolve("whole/reward-models").resolve(model);
      assertTrue(Files.isRegularFile(left.resolve("model.safetensors")), model);
      assertTrue(Files.isRegularFile(left.resolve("report.json")), model);
    }
  }

  @Test
  void itsScoresAreRewardsAndItsStepsAdvantages() throws IOException {
    JsonNode step = lines("grpo").getFirst();
    for (String model : MODELS) {
      assertTrue(step.get("reward/" + model + "/scored").asInt() > 0, step.toString());
      assertTrue(!step.has("reward/" + model + "/error"), step.toString());
    }
    assertTrue(step.get("time/reward-model").asDouble() > 0, step.toString());
    // 16 completions by each of three models; those that are alike are computed once.
    int computed = step.get("system/reward-model-computed").asInt();
    assertTrue(computed > 0 && computed <= 48, step.toString());
    assertTrue(step.get("system/reward-model-tokens").asInt() > computed, step.toString());
    assertTrue(step.get("time/reward/orm").asDouble() > 0, step.toString());
    Set<Boolean> severalSteps = new HashSet<>();
    for (JsonNode completion : RunFiles.completions(runs.resolve("whole"), "grpo-1")) {
      Set<String> values = new HashSet<>();
      completion.get("advantage").forEach(value -> values.add(value.asText()));
      severalSteps.add(values.size() > 1);
    }
    assertTrue(severalSteps.contains(true), "no completion's steps have advantages of their own");
  }

  @Test
  void aWatchThatIsNotMetIsSaid() throws IOException {
    assertTrue(lines("grpo").get(1).get("watch/prm/alarm").isNumber());
    assertTrue(first.err().contains("ALARM: the reward prm"), first.err());
  }

  @Test
  void resumedWithinEachStageItEndsWithTheSameBytes() throws IOException {
    RunFiles whole = RunFiles.of(runs.resolve("whole"));
    // Within orm's second round, between two steps of the others, and within grpo.
    for (long step : new long[] {64, 68, 71, 73}) {
      String name = "from-" + step;
      copyUntil(step, name);
      train(name, "--resume").succeeded();
      assertEquals(whole, RunFiles.of(runs.resolve(name)), name);
      for (String model : MODELS) {
        Path weights = Path.of("reward-models", model, "model.safetensors");
        assertEquals(
            -1,
            Files.mismatch(
                runs.resolve("whole").resolve(weights), runs.resolve(name).resolve(weights)),
            name + " " + model);
      }
    }
  }

  /** The run as it was when its checkpoint of that step was the newest. */
  private void copyUntil(long step, String name) throws IOException {
    Path from = runs.resolve("whole");
    Path to = runs.resolve(name);
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.sorted(Comparator.naturalOrder()).toList()) {
        Path relative = from.relativize(file);
        boolean later =
            relative.getNameCount() > 1
                && relative.startsWith("checkpoints")
                && relative.getName(1).toString().startsWith("step-")
                && Long.parseLong(relative.getName(1).toString().substring("step-".length()))
                    > step;
        if (!later && Files.isDirectory(file)) {
          Files.createDirectories(to.resolve(relative));
        } else if (!later) {
          Files.copy(file, to.resolve(relative));
        }
      }
    }
  }

  /**
   * A model and its opposite are both watched, with least-auc ½: what one tells apart the other has
   * the wrong way round, so the alarm is raised for exactly one of them.
   */
  @Test
  void theAlarmIsForTheModelThatTellsWrongFromRight() throws IOException {
    Path model = runs.resolve("whole/reward-models/orm");
    Path opposite = runs.resolve("opposite");
    try (Backend backend = Backends.open("cpu", 1);
        ScoreModel turned = ScoreModel.load(model, backend, DType.F32)) {
      Tensor head = turned.weights().get(ScalarHead.NAME);
      float[] numbers = backend.readFloats(head);
      for (int i = 0; i < numbers.length; i++) {
        numbers[i] = -numbers[i];
      }
      backend.write(head, numbers);
      turned.save(opposite);
    }
    String watched =
        ": {reward: model, path: %s, output: raw, watch: {every: 1, least-auc: 0.5}}\n";
    Path watching = runs.resolve("watching.yaml");
    Files.writeString(
        watching,
        """
        name: watching
        model: {path: whole}
        stages:
          - grpo:
              tasks: {synthetic: {sums: {numbers: [2, 3], values: [1, 9]}}}
              steps: 1
              tasks-per-step: 2
              group-size: 2
              max-tokens: 40
              learning-rate: 1e-3
              rewards:
                - accuracy
        """
            + ("        - model" + watched).formatted(model)
            + ("        - opposite" + watched).formatted(opposite));
    CommandLineRun run =
        CommandLineRun.of(
                "train", watching.toString(), "--runs", runs.toString(), "--run", "watching")
            .succeeded();
    JsonNode step =
        new ObjectMapper()
            .readTree(Files.readAllLines(runs.resolve("watching/metrics.jsonl")).getLast());
    double auc = step.get("watch/model/auc").asDouble();
    assertTrue(auc >= 0 && auc <= 1 && auc != 0.5, step.toString());
    assertEquals(1 - auc, step.get("watch/opposite/auc").asDouble(), 1e-12);
    String wrong = auc < 0.5 ? "model" : "opposite";
    String right = auc < 0.5 ? "opposite" : "model";
    assertEquals(1, step.get("watch/" + wrong + "/alarm").asInt(), step.toString());
    assertEquals(0, step.get("watch/" + right + "/alarm").asInt(), step.toString());
    assertTrue(run.err().contains("ALARM: the reward " + wrong + " no longer"), run.err());
    assertTrue(!run.err().contains("ALARM: the reward " + right + " "), run.err());
  }

  /** A model whose tokenizer writes tags byte by byte learns and scores the policy's steps. */
  @Test
  void aModelWithAnotherTokenizerScoresThePolicysSteps() throws IOException {
    Path from = runs.resolve("bytes");
    FromScratch shape =
        Settings.read(
            Map.of(
                "hidden",
                16,
                "layers",
                1,
                "heads",
                2,
                "feed-forward",
                24,
                "max-positions",
                200,
                "vocabulary",
                Map.of("bytes", true, "special", List.of())),
            FromScratch.class,
            "");
    try (Backend backend = Backends.open("cpu", 1);
        Policy policy = Policy.fromScratch(shape, backend, DType.F32, 1)) {
      HuggingFaceModel.save(
          from,
          policy.model().config(),
          policy.model().weights(),
          DType.F32,
          backend,
          policy.tokenizer());
    }
    String stages = Files.readString(configuration);
    int second = stages.indexOf("  - reward-model:", stages.indexOf("name: preferred"));
    Path other = runs.resolve("other.yaml");
    Files.writeString(
        other,
        stages.substring(0, stages.indexOf("  - reward-model:"))
            + stages
                .substring(second)
                .replace("name: prm\n", "name: prm\n      from: bytes\n")
                .replace(
                    "*drawn",
                    "{tasks: {synthetic: {sums: {numbers: [2, 3], values: [1, 9]}}}, samples: 4,"
                        + " max-tokens: 40, rewards: [accuracy]}")
                .replaceAll("(?m)^        - (orm|preferred): .*\n", ""));
    CommandLineRun.of("train", other.toString(), "--runs", runs.toString(), "--run", "other")
        .succeeded();
    int several = 0;
    for (JsonNode completion : RunFiles.completions(runs.resolve("other"), "grpo-1")) {
      int next = 0;
      for (JsonNode step : completion.at("/steps/prm")) {
        assertEquals(next, step.get(0).asInt(), completion.toString());
        next = step.get(1).asInt();
      }
      assertEquals(completion.get("length").asInt(), next, completion.toString());
      several += completion.at("/steps/prm").size() > 1 ? 1 : 0;
    }
    assertTrue(several > 0, "no completion has several steps");
    Path left = runs.resolve("other/reward-models/prm");
    assertTrue(Files.readString(left.resolve("config.json")).contains("\"vocab_size\" : 258"));
  }

  @Test
  void whatAModelCannotBeginAsIsAMistake() {
    CommandLineRun wrong = train("nothing", "--set", "orm.from=nowhere");
    assertEquals(2, wrong.code(), wrong.err());
    assertTrue(wrong.err().contains("nowhere: is neither a model"), wrong.err());
  }

  @Test
  void aModelThatNoStageTrainsIsAMistake() {
    CommandLineRun wrong = train("wrong", "--set", "grpo.rewards=[accuracy, {model: {name: rom}}]");
    assertEquals(2, wrong.code(), wrong.err());
    assertTrue(wrong.err().contains("rom is no reward-model stage before this one"), wrong.err());
    assertTrue(wrong.err().contains("orm, preferred, prm"), wrong.err());
  }
}
