package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Inline;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a stage draws from its own policy, and how that is scored.
 *
 * @param tasks what prompts and answers come from
 * @param samples completions a task
 * @param rewards what completions are scored by; the sum of weight × value is the reward
 * @param rewardPlugins directory of jars in which further rewards are found
 * @param solvedBy the reward whose outcome says whether a completion is right
 * @param rolloutsInFlight sequences sampled at once; bounds the KV cache, changes no result
 */
public record Drawing(
    Data tasks,
    int samples,
    @Inline Decoding decoding,
    List<RewardEntry> rewards,
    Optional<Path> rewardPlugins,
    @Default(value = "\"accuracy\"", source = "the built-in check of the final answer")
        String solvedBy,
    @ResultNeutral @Default(value = "256", source = "keeps 2 to 16 cores busy")
        int rolloutsInFlight) {

  public Drawing {
    Range.atLeast("samples", samples, 1);
    Range.atLeast("rollouts-in-flight", rolloutsInFlight, 1);
    if (samples > 1 && decoding.temperature() == 0) {
      throw new IllegalArgumentException(
          "temperature: 0 makes a task's completions all alike; expected more than 0");
    }
    RewardEntry.check(rewards);
    rewards = List.copyOf(rewards);
  }

  /** Fails where no reward says which completions are right. */
  void requireSolvedBy(String why) {
    if (rewards.stream().noneMatch(reward -> reward.name().equals(solvedBy))) {
      throw new IllegalArgumentException(
          "solved-by: "
              + solvedBy
              + " is none of the rewards "
              + rewards.stream().map(RewardEntry::name).toList()
              + ", and "
              + why
              + " needs it");
    }
  }
}
