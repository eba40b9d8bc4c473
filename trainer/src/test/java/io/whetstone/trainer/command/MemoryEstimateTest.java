package io.whetstone.trainer.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.generation.SamplerLimits;
import io.whetstone.model.FrozenTypes;
import io.whetstone.model.Lora;
import io.whetstone.model.ModelConfig;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.DeviceRoom;
import io.whetstone.tensor.Gate;
import io.whetstone.tensor.Heads;
import io.whetstone.trainer.config.Configuration;
import io.whetstone.trainer.config.Experiment;
import io.whetstone.trainer.config.Stage;
import io.whetstone.trainer.loop.MemoryPlan;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The plan of a device's memory, of a model of seven billion numbers on 140 GB. */
class MemoryEstimateTest {
  private static final ModelConfig MODEL =
      new ModelConfig(
          152_064,
          3584,
          28,
          new Heads(28, 4, 128),
          18_944,
          Gate.SILU,
          1e6,
          1e-6f,
          false,
          true,
          32_768);
  private static final long P = MODEL.parameters();
  private static final long TABLE = 152_064L * 3584;
  private static final long ROTARY = 4L * 128 * 32_768;

  private static Experiment experiment(String... overrides) {
    List<String> all = new ArrayList<>(List.of("precision=bf16"));
    all.addAll(Arrays.asList(overrides));
    return Configuration.load(Path.of(CommandLineRun.tiny()), all).experiment();
  }

  private static MemoryEstimate estimate(Experiment experiment, long free) {
    List<StageLoad> loads =
        experiment.stages().stream().map((Stage stage) -> StageLoad.of(stage, 100, 100)).toList();
    Optional<DeviceRoom> device =
        free == 0 ? Optional.empty() : Optional.of(new DeviceRoom(free, 140_000_000_000L));
    return new MemoryEstimate(experiment, MODEL, Optional.empty(), FrozenTypes.NONE, loads, device);
  }

  private static String problem(MemoryEstimate estimate) {
    Findings findings = Findings.silent();
    estimate.report(findings);
    return String.join("\n", findings.problems());
  }

  /** Blocks of 34 bytes for 32 numbers, and no copy for products. */
  @Test
  void quantisedWeightsAreCountedAsTheyAreHeld() {
    Lora lora = new Lora(16, 16, 0, false, Set.of("model.layers.0.self_attn.q_proj"));
    long plain = beside(lora, FrozenTypes.NONE);
    long blocks = beside(lora, FrozenTypes.all(DType.Q8_0));
    double expected = 2.0 * P + 2.0 * (P - TABLE) - P * 34.0 / 32;
    assertEquals(expected, plain - blocks, 0.01 * expected);
  }

  /** Sums of the widest layer's rows, and gradients by as many decoded rows as 2 MiB hold. */
  @Test
  void kernelsKeepRowsBesideQuantisedWeights() {
    Lora lora = new Lora(16, 16, 0, false, Set.of("model.layers.0.self_attn.q_proj"));
    long plain = plan(lora, FrozenTypes.NONE).kernels(2048);
    long blocks = plan(lora, FrozenTypes.all(DType.Q8_0)).kernels(2048);
    assertEquals(512 * 8192 * 6, plain);
    long sums = 4L * 1024 * MODEL.feedForward();
    assertEquals((40L << 20) + sums + (2048L << 21) / MODEL.hidden(), blocks - plain);
  }

  private static MemoryPlan plan(Lora lora, FrozenTypes frozen) {
    return new MemoryPlan(experiment(), MODEL, Optional.of(lora), frozen, false);
  }

  private static long beside(Lora lora, FrozenTypes frozen) {
    return new MemoryEstimate(
            experiment(), MODEL, Optional.of(lora), frozen, List.of(), Optional.empty())
        .total();
  }

  /** 4 weight, 2 rounded, 4 gradient, 8 moments; the reference 2, as it is never trained. */
  @Test
  void onADeviceWhatIsAllocatedIsCounted() {
    MemoryEstimate all = estimate(experiment(), 400_000_000_000L);
    long weights = 4 * P + 2 * (P - TABLE) + ROTARY;
    long inBlocks = weights + 12 * P + 2 * P + all.activations() + all.logits();
    long rest = MemoryEstimate.DEVICE_REST + inBlocks / 12;
    assertEquals(inBlocks + rest + all.cache(), all.total());
    long host = estimate(experiment(), 0).total();
    assertTrue(host > all.total() - all.cache(), "two packings and the reference's");
  }

  /** 8 where moments are F32, of the table; 2 · 260 / 256 of the other matrices. */
  @Test
  void momentsInEightBits() {
    String[] both = {"sft.moments=eight-bit", "grpo.moments=eight-bit"};
    long wide = estimate(experiment(), 0).total();
    long coded = estimate(experiment(both), 0).total();
    double saved = (8 - 2 * 260 / 256.0) * (P - TABLE);
    assertEquals(saved, wide - coded, 1e-3 * saved);
    assertEquals(wide, estimate(experiment("sft.moments=eight-bit"), 0).total());
  }

  @Test
  void whatIsOffloadedIsNotOnTheDevice() {
    MemoryEstimate all = estimate(experiment(), 400_000_000_000L);
    MemoryEstimate some = estimate(experiment("offload=[optimizer, reference]"), 400_000_000_000L);
    long cacheGrew = some.cache() - all.cache();
    assertEquals(10 * P * 13 / 12.0, all.total() - some.total() + cacheGrew, 2);
    assertTrue(some.sentence().contains("in the host's memory"), some.sentence());
    assertTrue(some.sentence().contains("optimizer and reference"), some.sentence());
  }

  /** Where it is mixed stays on the device. */
  @Test
  void ofTheAverageTheNumbersAreOffloaded() {
    long room = 4 * TABLE;
    MemoryEstimate none = estimate(experiment(), 400_000_000_000L);
    MemoryEstimate all = estimate(experiment("average={}"), 400_000_000_000L);
    MemoryEstimate some = estimate(experiment("average={}", "offload=[average]"), 400_000_000_000L);
    assertEquals((4 * P + room) * 13 / 12.0, grown(none, all), 2);
    assertEquals(room * 13 / 12.0, grown(none, some), 2);
    assertTrue(some.sentence().endsWith(" of average"), some.sentence());
    String message = problem(estimate(experiment("average={}"), 139_000_000_000L));
    assertTrue(message.contains("set offload: [optimizer, reference, average]"), message);
  }

  /** 256 rows at once where the device is large; else a 256th of its memory, or 32 MiB. */
  @Test
  void logitsTakeASmallPartOfADevice() {
    long rows = 256L * MODEL.vocabulary();
    Experiment many = experiment("grpo.rollouts-in-flight=256");
    assertEquals(2 * 4 * rows, estimate(many, 130_000_000_000L).logits());
    assertEquals(0, estimate(many, 0).logits());
    assertTrue(SamplerLimits.logits(Optional.of(new DeviceRoom(0, 80_000_000_000L))) > rows);
    assertEquals(24 << 20, SamplerLimits.logits(Optional.of(new DeviceRoom(0, 24L << 30))));
    assertEquals(8 << 20, SamplerLimits.logits(Optional.of(new DeviceRoom(0, 4L << 30))));
    assertEquals(8 << 20, SamplerLimits.logits(Optional.empty()));
  }

  private static long grown(MemoryEstimate from, MemoryEstimate to) {
    return to.total() - to.cache() - (from.total() - from.cache());
  }

  /** As the sampler takes it: as many positions as are wanted, or a share of what is left. */
  @Test
  void theCacheTakesItsShareOfWhatIsLeft() {
    long position = SamplerLimits.bytesPerPosition(MODEL, DType.BF16);
    assertEquals(2L * 28 * 4 * 128 * 2, position);
    Experiment experiment = experiment("grpo.rollouts-in-flight=1000");
    long free = 300_000_000_000L;
    MemoryEstimate estimate = estimate(experiment, free);
    int rows = 128; // the stages' micro-batch-tokens
    long activations = Transformer.activationBytes(MODEL, DType.BF16, false, rows, rows);
    long held = 4 * P + 2 * (P - TABLE) + ROTARY + 12 * P + 2 * P + activations;
    assertEquals((long) (SamplerLimits.DEVICE_SHARE * (free - held)), estimate.cache());
    MemoryEstimate few = estimate(experiment("grpo.rollouts-in-flight=5"), free);
    assertEquals(5L * MODEL.maxPositions() * position, few.cache());
  }

  @Test
  void whatDoesNotFitNamesTheLargestHolderAndTheKey() {
    String message = problem(estimate(experiment(), 139_000_000_000L));
    assertTrue(message.contains("on the device are 129.5 GiB free"), message);
    assertTrue(message.contains("the most by optimizer"), message);
    assertTrue(message.contains("set offload: [optimizer, reference]"), message);
    assertEquals("", problemOnDevice("offload=[optimizer, reference]"));
  }

  /** Without what is said of the host, which is the machine's that tests run on. */
  private static String problemOnDevice(String... overrides) {
    String message = problem(estimate(experiment(overrides), 139_000_000_000L));
    return message.startsWith("memory: offload") ? "" : message;
  }
}
