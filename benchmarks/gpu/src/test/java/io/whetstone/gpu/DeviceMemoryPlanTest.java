package io.whetstone.gpu;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.cuda.StandIn;
import io.whetstone.model.FrozenTypes;
import io.whetstone.model.ModelConfig;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.trainer.benchmark.Workload;
import io.whetstone.trainer.config.Configuration;
import io.whetstone.trainer.config.Experiment;
import io.whetstone.trainer.config.Offload;
import io.whetstone.trainer.loop.AdamW;
import io.whetstone.trainer.loop.AveragedPolicy;
import io.whetstone.trainer.loop.MemoryPlan;
import io.whetstone.trainer.loop.ReferenceModel;
import io.whetstone.trainer.rollout.Packer;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The plan of a device's memory, beside what a model and all it is trained with then hold. */
class DeviceMemoryPlanTest {
  /** What stays empty of a workspace's blocks: more where they are small, as here. */
  private static final double BOUND = 0.12;

  private static final ModelConfig MODEL =
      new Workload("28 M", 12_000, Workload.shape(512, 7, 8, 2, 1536, 256), 1, 1, 1, 1, 1, 1)
          .model();

  @BeforeEach
  void standIn() {
    StandIn.fast();
  }

  @ParameterizedTest
  @CsvSource({"f32, false, f32", "bf16, false, f32", "bf16, true, f32", "bf16, false, eight-bit"})
  void whatIsPlannedIsHeld(String precision, boolean offload, String moments) {
    Experiment experiment =
        Configuration.load(
                Path.of("..", "..", "configs", "first-run.yaml"),
                List.of(
                    "precision=" + precision,
                    "sft.moments=" + moments,
                    "grpo.moments=" + moments,
                    "grpo.kl={coefficient: 0.1}",
                    "average={decay: 0.9}",
                    "offload=" + (offload ? "[optimizer, reference, average]" : "[]")))
            .experiment();
    MemoryPlan plan = new MemoryPlan(experiment, MODEL, Optional.empty(), FrozenTypes.NONE, true);
    long planned =
        plan.weights()
            + plan.gradients()
            + plan.optimizer()
            + plan.reference()
            + plan.average()
            - plan.offloaded();
    DType compute = experiment.precision().compute();
    try (Backend backend = Backends.open("cuda", 1)) {
      if (offload) {
        backend.offload(
            experiment.offload().stream()
                .map(Offload::purposes)
                .flatMap(Set::stream)
                .collect(Collectors.toSet()));
      }
      long before = backend.deviceRoom().orElseThrow().free();
      try (Transformer model = Transformer.create(backend, MODEL, compute, true);
          AdamW optimizer = new AdamW(model, experiment.stages().get(1).optimization());
          ReferenceModel reference = new ReferenceModel(model, new Packer(64));
          AveragedPolicy average = new AveragedPolicy(experiment.average().orElseThrow(), model)) {
        model.weightsChanged();
        optimizer.step(0);
        reference.refresh(model);
        average.step();
        long held = before - backend.deviceRoom().orElseThrow().free();
        assertTrue(
            Math.abs(held - planned) <= BOUND * planned,
            () -> String.format(Locale.ROOT, "planned %,d, held %,d", planned, held));
      }
    }
  }
}
