package io.whetstone.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.whetstone.cuda.StandIn;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Whole policies sample and train on the stand-in GPU, as they will on one. */
class WholePolicyTest {
  private static final int STEPS = 5;
  private static final String MAIN = "io.whetstone.trainer.command.Main";

  /** The stand-in's: bytes of its device. */
  private static final String MEMORY = "WHETSTONE_STAND_IN_MEMORY";

  @TempDir Path runs;

  /** Of the processes that are started. */
  private final Map<String, String> environment = new HashMap<>();

  @BeforeEach
  void standIn() {
    StandIn.fast();
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "BF16"})
  void whatWasSampledIsWhatIsTrainedOn(DType compute) {
    try (Backend backend = Backends.open("cuda", 1)) {
      Exactness.Compared compared = Exactness.compare(Models.TINY, backend, compute);
      assertTrue(compared.tokens() > 40, compared.toString());
      assertEquals(0, compared.differing(), compared.toString());
      Exactness.Compared adapted = Exactness.compareAdapters(Models.TINY, backend, compute);
      assertTrue(adapted.tokens() > 40, adapted.toString());
      assertEquals(0, adapted.differing(), adapted.toString());
    }
  }

  /**
   * Losses, entropies and gradients' norms: roundings alone differ, and Adam carries them on. In
   * bf16, where a rounding is 2⁻⁹, another token is drawn sooner or later, so there only what is
   * learned from demonstrations is compared.
   */
  @ParameterizedTest
  @CsvSource({"f32, 1e-4", "bf16, 2e-2"})
  void lossesAndGradientsAreTheProcessors(String precision, double bound) throws Exception {
    List<JsonNode> cpu = steps("cpu", "precision=" + precision);
    List<JsonNode> cuda = steps("cuda", "precision=" + precision);
    assertEquals(2 * STEPS, cpu.size());
    assertEquals(2 * STEPS, cuda.size());
    for (int i = 0; i < (precision.equals("f32") ? 2 : 1) * STEPS; i++) {
      String what = cpu.get(i).get("stage").asText() + " step " + cpu.get(i).get("step");
      List<String> keys =
          i < STEPS
              ? List.of("sft/loss", "gradient/norm")
              : List.of("policy/entropy", "gradient/norm", "reward/mean");
      for (String key : keys) {
        double expected = cpu.get(i).required(key).asDouble();
        double got = cuda.get(i).required(key).asDouble();
        assertEquals(expected, got, bound * Math.max(1, Math.abs(expected)), what + " " + key);
      }
      assertTrue(cuda.get(i).get("gradient/norm").asDouble() > 0, what);
    }
    assertEquals(Set.of(0.0), mismatches(cuda));
  }

  @Test
  void offloadChangesNoBit() throws Exception {
    String precision = "precision=bf16";
    String reference = "grpo.kl={coefficient: 0.05}";
    String average = "average={decay: 0.9}";
    List<JsonNode> steps = steps("cuda", precision, reference, average);
    String there = summary("cuda").required("weights-sha256").asText();
    assertEquals(Set.of(0.0), mismatches(steps));
    assertEquals(64, there.length());
    String all = "offload=[optimizer, reference, average]";
    String said = train("offloaded", precision, reference, average, all);
    assertTrue(said.contains("of optimizer and reference and average"), said);
    assertEquals(there, summary("offloaded").required("weights-sha256").asText());
    assertEquals(-1, Files.mismatch(average("cuda"), average("offloaded")));
  }

  /** The averaged weights at a run's end. */
  private Path average(String name) {
    return runs.resolve(name)
        .resolve(Path.of("checkpoints", "step-" + 2 * STEPS, "average.safetensors"));
  }

  @Test
  void withoutADriverARunEndsWithOneSentence() throws Exception {
    System.setProperty("whetstone.cuda.libraries", runs.resolve("nothing").toString());
    String said = run(2, "nowhere", "backend=cuda");
    assertTrue(said.contains("backend: cuda cannot run here: "), said);
    assertFalse(said.contains("\tat "), said);
    assertFalse(Files.exists(runs.resolve("nowhere")));
  }

  /** Before it begins, or where it could not be told before. */
  @Test
  void whatDoesNotFitTheDeviceIsSaid() throws Exception {
    environment.put(MEMORY, String.valueOf(512L << 20));
    String said = run(2, "crowded", "backend=cuda");
    assertTrue(said.contains("on the device are 511.0 MiB free; the most by the rest: "), said);
    environment.put(MEMORY, String.valueOf(20L << 20));
    Path log = runs.resolve("bench.log");
    List<String> bench = List.of("bench", "tiny/grpo-step", "--backend", "cuda", "--repeat", "1");
    Process process = Child.start(MAIN, log, bench, environment);
    int code = process.waitFor();
    String why = Files.readString(log);
    assertEquals(1, code, why);
    assertTrue(why.contains("out of memory: the GPU's memory is too small"), why);
    assertTrue(why.contains("The largest holder is "), why);
    assertFalse(why.contains("\tat "), why);
  }

  /** The steps of a run, which has its backend's name. */
  private List<JsonNode> steps(String backend, String... settings) throws Exception {
    train(backend, settings);
    List<JsonNode> steps = new ArrayList<>();
    for (String line : Files.readAllLines(runs.resolve(backend).resolve("metrics.jsonl"))) {
      JsonNode step = new ObjectMapper().readTree(line);
      if (step.has("gradient/norm")) {
        steps.add(step);
      }
    }
    return steps;
  }

  /** What a run said that went to its end. */
  private String train(String name, String... settings) throws Exception {
    List<String> all = new ArrayList<>(List.of(settings));
    all.add("backend=" + (name.equals("cpu") ? "cpu" : "cuda"));
    return run(0, name, all.toArray(String[]::new));
  }

  private JsonNode summary(String name) throws Exception {
    return new ObjectMapper().readTree(runs.resolve(name).resolve("summary.json").toFile());
  }

  private static Set<Double> mismatches(List<JsonNode> steps) {
    return steps.stream()
        .filter(step -> step.has("exact/logprob-mismatch-max"))
        .map(step -> step.get("exact/logprob-mismatch-max").asDouble())
        .collect(Collectors.toSet());
  }

  /** What the first run said, made small, in a process of its own. */
  private String run(int code, String name, String... settings) throws Exception {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "train",
                Path.of("..", "..", "configs", "first-run.yaml").toString(),
                "--runs",
                runs.toString(),
                "--run",
                name));
    List<String> all =
        new ArrayList<>(
            List.of(
                "model.from-scratch.hidden=32",
                "model.from-scratch.layers=2",
                "model.from-scratch.feed-forward=48",
                "sft.steps=" + STEPS,
                "sft.batch=8",
                "sft.schedule.warmup=1",
                "grpo.steps=" + STEPS,
                "grpo.tasks-per-step=3",
                "grpo.group-size=3",
                "grpo.max-tokens=24",
                "grpo.schedule.warmup=1",
                "grpo.learning-rate=5e-5",
                // So soon nothing is right; how long it is can be told, and differs within a group.
                "grpo.rewards=[{length: {free: 2, limit: 24}}]",
                "evaluation.count=2",
                "evaluation.max-tokens=8"));
    all.addAll(List.of(settings));
    for (String setting : all) {
      arguments.addAll(List.of("--set", setting));
    }
    Path log = runs.resolve(name + ".log");
    Process process = Child.start(MAIN, log, arguments, environment);
    try {
      assertTrue(process.waitFor(5, TimeUnit.MINUTES), () -> "still running: " + name);
    } finally {
      process.destroyForcibly();
    }
    String said = Files.readString(log);
    assertEquals(code, process.exitValue(), said);
    return said;
  }
}
