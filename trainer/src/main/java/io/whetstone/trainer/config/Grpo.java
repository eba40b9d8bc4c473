package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Inline;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Reinforcement learning with group-relative advantages.
 *
 * @param tasks what prompts and answers come from
 * @param tasksPerStep groups a step
 * @param groupSize completions a task
 * @param rewards what completions are scored by; the sum of weight × value is the reward
 * @param rewardPlugins directory of jars in which further rewards are found
 * @param solvedBy the reward whose outcome says whether a completion is right, where pass rates
 *     decide (dynamic-sampling, curriculum)
 * @param curriculum in which order tasks come up
 * @param staleness steps that rollouts are behind: step k trains on what the policy of step k −
 *     this drew, as when sampling and training overlap
 * @param reductionLength constant of {@code constant-length}, in tokens; left out: {@code
 *     max-tokens}
 * @param maskTruncated leave completions that reached {@code max-tokens} out of the loss
 * @param rolloutsInFlight sequences sampled at once; bounds the KV cache, changes no result
 */
public record Grpo(
    Optional<String> name,
    Data tasks,
    int steps,
    int tasksPerStep,
    int groupSize,
    @Inline Decoding decoding,
    List<RewardEntry> rewards,
    Optional<Path> rewardPlugins,
    @Default(value = "\"accuracy\"", source = "the built-in check of the final answer")
        String solvedBy,
    @Default(value = "{}", source = "see its keys") Curriculum curriculum,
    @Default(value = "0", source = "on-policy; DeepSeek-R1, Guo et al. 2025, §2.2") int staleness,
    @Default(value = "{}", source = "see its keys") Advantage advantage,
    @Inline Objective objective,
    @Default(value = "\"sequence-mean\"", source = "GRPO, Shao et al. 2024, eq. 3")
        Reduction reduction,
    Optional<Integer> reductionLength,
    @Default(value = "{}", source = "see its keys") Kl kl,
    @Default(value = "{}", source = "see its keys") UpdatesPerBatch updatesPerBatch,
    @Default(value = "false", source = "GRPO, Shao et al. 2024; DAPO §3.4 masks")
        boolean maskTruncated,
    @Default(value = "{}", source = "see its keys") DynamicSampling dynamicSampling,
    @Inline Optimization optimization,
    @ResultNeutral @Default(value = "256", source = "keeps 2 to 16 cores busy")
        int rolloutsInFlight,
    @Inline Cadence cadence)
    implements Stage {

  public Grpo {
    Range.atLeast("steps", steps, 1);
    optimization.schedule().requireWithin(steps);
    Range.atLeast("tasks-per-step", tasksPerStep, 1);
    Range.atLeast(
        "group-size",
        groupSize,
        Math.max(advantage.comparesWithinGroup() ? 2 : 1, advantage.passK()));
    Range.atLeast("rollouts-in-flight", rolloutsInFlight, 1);
    reductionLength.ifPresent(n -> Range.atLeast("reduction-length", n, 1));
    if (decoding.temperature() == 0) {
      throw new IllegalArgumentException(
          "temperature: 0 makes a group's completions all alike; expected more than 0");
    }
    RewardEntry.check(rewards);
    boolean byPassRate = dynamicSampling.limitsPassRate() || curriculum.measures();
    if (byPassRate && rewards.stream().noneMatch(reward -> reward.name().equals(solvedBy))) {
      throw new IllegalArgumentException(
          "solved-by: "
              + solvedBy
              + " is none of the rewards "
              + rewards.stream().map(RewardEntry::name).toList()
              + ", and pass rates need it");
    }
    Range.atLeast("staleness", staleness, 0);
    if (staleness >= steps) {
      throw new IllegalArgumentException(
          "staleness: " + staleness + " is not less than the stage's " + steps + " steps");
    }
    if (advantage.perReward() && kl.coefficient() > 0 && kl.place() == Kl.Place.REWARD) {
      throw new IllegalArgumentException(
          "kl.place: reward is taken from the sum of the rewards, and advantage.per-reward uses"
              + " them apart; expected loss or reward-to-go");
    }
    rewards = List.copyOf(rewards);
    reductionLength = Optional.of(reductionLength.orElse(decoding.maxTokens()));
  }

  @Override
  public String kind() {
    return "grpo";
  }

  @Override
  public Optional<Drawing> drawing() {
    return Optional.of(
        new Drawing(
            tasks, groupSize, decoding, rewards, rewardPlugins, solvedBy, rolloutsInFlight));
  }
}
