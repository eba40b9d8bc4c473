package io.whetstone.trainer.benchmark;

import io.whetstone.datasets.Task;
import io.whetstone.datasets.TaskSource;
import io.whetstone.datasets.settings.Settings;
import io.whetstone.generation.Sampler;
import io.whetstone.model.Transformer;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardPipeline;
import io.whetstone.rewards.Score;
import io.whetstone.rewards.WeightedReward;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.trainer.config.Grpo;
import io.whetstone.trainer.config.Prompt;
import io.whetstone.trainer.loop.GrpoLoop;
import io.whetstone.trainer.rollout.PromptEncoder;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The steps of a GRPO run as a training run takes them, on a workload's prompts. */
final class GrpoSteps implements AutoCloseable {
  private final RewardPipeline rewards;
  private final GrpoLoop loop;
  private int step;

  GrpoSteps(Workload workload, Transformer model, Tokenizer tokenizer, Sampler sampler) {
    // Any reward that differs within a group will do: all of the group is then trained on.
    Reward reward =
        Reward.each((task, done) -> Score.scored(Math.floorMod(done.text().hashCode(), 7)));
    this.rewards = new RewardPipeline(List.of(new WeightedReward("any", reward, 1)), 1);
    this.loop =
        new GrpoLoop(
            settings(workload),
            model,
            tokenizer,
            sampler,
            tasks(workload),
            new PromptEncoder(tokenizer, Prompt.of("plain"), model.config().maxPositions()),
            rewards,
            0,
            0);
  }

  private static Grpo settings(Workload workload) {
    Map<String, Object> settings =
        Map.of(
            "tasks", Map.of("synthetic", Map.of("sums", Map.of())), // not read: tasks() are
            "steps", Integer.MAX_VALUE,
            "tasks-per-step", workload.groups(),
            "group-size", workload.groupSize(),
            "max-tokens", workload.completionTokens(),
            "micro-batch-tokens", workload.microBatchTokens(),
            "learning-rate", 1e-5,
            "rewards", List.of("format")); // not read: the pipeline is
    return Settings.read(settings, Grpo.class, "");
  }

  private static TaskSource tasks(Workload workload) {
    return new TaskSource() {
      @Override
      public long size() {
        return Long.MAX_VALUE;
      }

      @Override
      public Task task(long index) {
        String prompt = workload.prompt((int) (index % 512));
        return new Task("task/" + index, prompt, Optional.empty(), List.of(), Map.of());
      }
    };
  }

  void next() throws InterruptedException {
    loop.step(step++);
  }

  @Override
  public void close() {
    loop.close();
    rewards.close();
  }
}
