package io.whetstone.trainer.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.datasets.Range;
import io.whetstone.rewards.Terms;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

class ConfigurationTest {
  private static final Path SHIPPED = Path.of("..", "configs");

  @TempDir Path directory;

  private Configuration good(String... overrides) throws IOException {
    Path file = directory.resolve("good.yaml");
    Files.writeString(file, ConfigurationErrorsTest.GOOD);
    return Configuration.load(file, List.of(overrides));
  }

  private static Grpo grpo(Configuration configuration) {
    return assertInstanceOf(Grpo.class, configuration.experiment().stages().get(1));
  }

  @Test
  void valuesAndDefaultsArrive() throws IOException {
    Experiment experiment = good().experiment();
    FromScratch model = experiment.model().fromScratch().orElseThrow();
    assertEquals(Optional.of(4), model.kvHeads());
    assertEquals(Optional.of(8), model.headSize());
    assertEquals(10000, model.ropeTheta());
    assertEquals(
        List.of("<think>", "</think>", "<answer>", "</answer>"), model.vocabulary().special());
    Sft sft = assertInstanceOf(Sft.class, experiment.stages().get(0));
    assertEquals(1e-3, sft.optimization().learningRate());
    assertEquals(0.95, sft.optimization().beta2());
    assertEquals(
        new Range(3, 5),
        sft.data().source().synthetic().orElseThrow().sums().orElseThrow().numbers());
    Grpo grpo = grpo(good());
    assertEquals(Reduction.SEQUENCE_MEAN, grpo.reduction());
    assertEquals(Optional.of(32), grpo.reductionLength());
    assertEquals(
        List.of(
            RewardEntry.of("accuracy"),
            new RewardEntry(
                "format",
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Terms.of(0.2),
                Optional.empty(),
                Map.of())),
        grpo.rewards());
    assertEquals(512, experiment.evaluation().orElseThrow().count());
  }

  @Test
  void overridesReachEveryPlace() throws IOException {
    Configuration configuration =
        good(
            "seed=7",
            "grpo.clip-high=0.28",
            "stages.0.sft.steps=60",
            "model.from-scratch.hidden=64",
            "grpo.kl={coefficient: 1e-3, estimator: k2}",
            "grpo.kl.place=reward",
            "grpo.schedule.kind=cosine",
            "grpo.rewards.format.weight=0.5",
            "grpo.rewards.accuracy.tolerance=1e-6",
            "sft.name=base",
            "base.batch=3",
            "evaluation.count=16");
    Experiment experiment = configuration.experiment();
    assertEquals(7, experiment.seed());
    assertEquals(64, experiment.model().fromScratch().orElseThrow().hidden());
    Sft sft = (Sft) experiment.stages().get(0);
    assertEquals(Optional.of(60), sft.steps());
    assertEquals(3, sft.batch());
    assertEquals("base", sft.label());
    Grpo grpo = grpo(configuration);
    assertEquals(0.28, grpo.objective().clipHigh());
    assertEquals(
        new Kl(1e-3, Kl.Estimator.K2, Kl.Place.REWARD, false, false, Optional.empty(), 10000, 0, 1),
        grpo.kl());
    assertEquals(Schedule.Kind.COSINE, grpo.optimization().schedule().kind());
    assertEquals(Terms.of(0.5), grpo.rewards().get(1).terms());
    assertEquals(Map.of("tolerance", 1e-6), grpo.rewards().get(0).settings());
    assertEquals(16, experiment.evaluation().orElseThrow().count());
  }

  @Test
  void aNewKeyTakesThePlaceOfThoseItExcludes() throws IOException {
    Experiment experiment =
        good(
                "model.path=some/model",
                "grpo.tasks.jsonl.path=tasks.jsonl",
                "grpo.tasks.jsonl.prompt=q")
            .experiment();
    assertEquals(Optional.of(Path.of("some/model")), experiment.model().path());
    assertEquals(Optional.empty(), experiment.model().fromScratch());
    Grpo grpo = (Grpo) experiment.stages().get(1);
    assertEquals(List.of("jsonl"), grpo.tasks().source().given());
    Experiment other =
        good(
                "model.path=some/model",
                "model.lora.rank=4",
                "model.adapter=some/adapter",
                "sft.data.synthetic.products.values=[1, 9]")
            .experiment();
    assertEquals(Optional.empty(), other.model().lora());
    assertEquals(Optional.of(Path.of("some/adapter")), other.model().adapter());
  }

  @Test
  void twoStagesOfAKindNeedTheirNames() throws IOException {
    String second =
        """
          - sft:
              name: second
              data: {synthetic: {sums: {}}}
              steps: 2
              batch: 8
              learning-rate: 1e-3
        """;
    String two = ConfigurationErrorsTest.GOOD.replace("  - grpo:", second + "  - grpo:");
    Path file = directory.resolve("two.yaml");
    Files.writeString(file, two);
    Configuration configuration = Configuration.load(file, List.of("second.steps=9"));
    assertEquals(Optional.of(9), ((Sft) configuration.experiment().stages().get(1)).steps());
    assertEquals(
        "--set sft.steps=9: there are 2 stages of kind sft; use a stage's name, or"
            + " stages.0.sft.steps",
        assertThrows(
                ConfigurationException.class,
                () -> Configuration.load(file, List.of("sft.steps=9")))
            .getMessage());
  }

  @Test
  void resolvedYamlReadsBackEqual() throws IOException {
    Configuration configuration =
        good(
            "prompt-template.template=\"Q: {prompt}\\n\\tA: \\\"’ \\u0085 #\"",
            "grpo.stop=[\"no\", \"1\", \"a: b\"]",
            "grpo.rewards.accuracy={mode: \"on\", n: 1e-5, deep: [{a: 1}, []], text: \"1e-5\"}");
    Path file = directory.resolve("config.yaml");
    Files.writeString(file, configuration.yaml());
    Configuration again = Configuration.load(file, List.of());
    assertEquals(configuration.experiment(), again.experiment());
    assertEquals(configuration.resolved(), again.resolved());
    assertEquals(configuration.yaml(), again.yaml());
    assertEquals(List.of(), configuration.differences(again));
    assertTrue(configuration.yaml().contains("clip-high: 0.2"), configuration.yaml());
  }

  @Test
  void differencesNameWhatCanChangeTheResult() throws IOException {
    Configuration before = good();
    assertEquals(
        List.of(),
        before.differences(
            good(
                "name=other",
                "threads=1",
                "keep-checkpoints=9",
                "offload=[optimizer]",
                "grpo.checkpoint-every=1",
                "grpo.clip-low=2e-1")));
    assertEquals(
        List.of(
            "seed: 0 → 1", "grpo.clip-high: 0.2 → 0.28", "grpo.rewards[1].format.weight: 0.2 → 1"),
        before.differences(good("seed=1", "grpo.clip-high=0.28", "grpo.rewards.format.weight=1")));
    assertEquals(
        List.of("model.from-scratch.kv-heads: not set → 2"),
        before.differences(good("model.from-scratch.kv-heads=2")));
  }

  @Test
  void relativePathsStartHereOrBesideTheFile() throws IOException {
    Files.createDirectory(directory.resolve("plugins"));
    Path beside = directory.resolve("plugins").toAbsolutePath().normalize();
    assertEquals(Optional.of(beside), grpo(good("grpo.reward-plugins=plugins")).rewardPlugins());
    assertEquals(
        Optional.of(Path.of("src").toAbsolutePath()),
        grpo(good("grpo.reward-plugins=src")).rewardPlugins());
  }

  @TestFactory
  Stream<DynamicTest> everyShippedConfigurationIsGood() throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.walk(SHIPPED)) {
      files = all.filter(file -> file.toString().endsWith(".yaml")).sorted().toList();
    }
    assertTrue(files.size() >= 2, files.toString());
    return files.stream()
        .map(
            file ->
                DynamicTest.dynamicTest(
                    file.getFileName().toString(),
                    () -> {
                      Configuration configuration = Configuration.load(file, List.of());
                      assertEquals(
                          file.getFileName().toString(),
                          configuration.experiment().name() + ".yaml");
                      String top = Files.readString(file).split("name:", 2)[0];
                      assertTrue(top.contains("What it shows"), "what it shows");
                      assertTrue(top.contains("Expected"), "expected result");
                      assertTrue(top.contains("Time"), "time");
                    }));
  }

  @Test
  void thinkingIsAsItIsUnlessAsked() throws IOException {
    assertEquals(Optional.empty(), grpo(good()).decoding().thinking());
    Configuration asked = good("grpo.thinking={times: 2, again: ';'}");
    assertEquals(
        Optional.of(new Thinking("</think>", ";", 2, Optional.empty())),
        grpo(asked).decoding().thinking());
    Configuration bounded = good("evaluation.thinking.most-tokens=9");
    assertEquals(
        Optional.of(new Thinking("</think>", "Wait", 0, Optional.of(9))),
        bounded.experiment().evaluation().orElseThrow().decoding().thinking());
  }

  @Test
  void everyDefaultCitesItsSource() {
    // Reading the smallest configuration reads every default; sources are for people.
    for (Class<?> type :
        List.of(
            Experiment.class,
            Grpo.class,
            Sft.class,
            Optimization.class,
            Decoding.class,
            Thinking.class,
            Kl.class)) {
      for (var component : type.getRecordComponents()) {
        var otherwise = component.getAnnotation(io.whetstone.datasets.settings.Default.class);
        assertTrue(otherwise == null || !otherwise.source().isBlank(), component.toString());
      }
    }
  }
}
