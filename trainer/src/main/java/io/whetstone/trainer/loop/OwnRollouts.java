package io.whetstone.trainer.loop;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.datasets.TaskSource;
import io.whetstone.generation.Sampler;
import io.whetstone.rewards.RewardPipeline;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.trainer.config.Curriculum;
import io.whetstone.trainer.config.Drawing;
import io.whetstone.trainer.config.DynamicSampling;
import io.whetstone.trainer.rollout.PromptEncoder;
import io.whetstone.trainer.rollout.Purpose;
import io.whetstone.trainer.rollout.RolloutSampler;
import io.whetstone.trainer.rollout.RolloutScorer;
import io.whetstone.trainer.rollout.ThoughtMeter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** Draws a stage's own rollouts and scores them: every group once, none chosen. */
final class OwnRollouts {
  private static final Curriculum IN_TURN =
      new Curriculum(Curriculum.Order.SHUFFLED, Curriculum.By.MEASURED, 0, 1, Optional.empty());
  private static final DynamicSampling ALL = new DynamicSampling(false, 1, 1, 0, 1);

  private final Sampler sampler;
  private final StageTasks tasks;
  private final Collector collector;
  private final StepMetrics measured;

  OwnRollouts(
      Drawing drawing,
      Tokenizer tokenizer,
      Sampler sampler,
      TaskSource source,
      PromptEncoder prompts,
      RewardPipeline rewards,
      long seed,
      int stage) {
    this.sampler = sampler;
    this.tasks = new StageTasks(source, IN_TURN, Purpose.TASK_ORDER.key(seed, stage));
    this.collector =
        new Collector(
            tasks.stream(),
            new RolloutSampler(
                sampler,
                tokenizer,
                prompts,
                drawing.decoding(),
                drawing.samples(),
                false,
                Purpose.ROLLOUT.key(seed, stage)),
            new RolloutScorer(rewards, prompts),
            ALL,
            new PassRates(drawing.solvedBy()),
            tasks.ledger());
    this.measured = new StepMetrics(new ThoughtMeter(tokenizer, prompts));
  }

  /** Draws for the next {@code count} tasks; what they show goes into the metrics. */
  Collected draw(int count, int step, long policyVersion, Timer timer, Map<String, Double> metrics)
      throws InterruptedException {
    sampler.publish(policyVersion);
    Collected drawn = collector.collect(count, step, timer);
    measured.rewards(drawn.all(), metrics);
    measured.completions(drawn.all(), metrics);
    drawn.cost(metrics);
    return drawn;
  }

  void progress(ObjectNode into) {
    into.put("tasks", tasks.stream().position());
  }

  void save(Path directory) throws IOException {
    tasks.save(directory);
  }

  void restore(ObjectNode progress, Path directory) throws IOException {
    tasks.restore(progress.required("tasks").asLong(), directory);
  }
}
