package io.whetstone.trainer.loop;

import io.whetstone.generation.Completion;
import io.whetstone.rewards.Expense;
import io.whetstone.rewards.Outcome;
import io.whetstone.rewards.Score;
import io.whetstone.trainer.algorithm.Advantages;
import io.whetstone.trainer.rollout.ScoredRollout;
import io.whetstone.trainer.rollout.ThoughtMeter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** What a step's rollouts say, by the keys of docs/metrics.md. */
final class StepMetrics {
  private final ThoughtMeter thoughts;

  StepMetrics(ThoughtMeter thoughts) {
    this.thoughts = thoughts;
  }

  /** Rewards and outcomes, over every completion drawn. */
  void rewards(List<ScoredRollout> rollouts, Map<String, Double> metrics) {
    Mean total = new Mean();
    Map<String, Mean> byReward = new TreeMap<>();
    Map<String, Double> outcomes = new TreeMap<>();
    for (ScoredRollout rollout : rollouts) {
      for (double reward : rollout.rewards()) {
        total.addPresent(reward);
      }
      rollout
          .scores()
          .scores()
          .forEach(
              (name, scores) -> {
                Mean mean = byReward.computeIfAbsent(name, unused -> new Mean());
                expenses(name, scores, outcomes);
                for (Score score : scores) {
                  score.value().ifPresent(mean::add);
                  count(outcomes, name, score.outcome());
                }
              });
    }
    metrics.put("reward/mean", total.mean());
    metrics.put("reward/std", total.deviation());
    byReward.forEach((name, mean) -> metrics.put("reward/" + name + "/mean", mean.mean()));
    metrics.putAll(outcomes);
  }

  /** What the judges of a reward read and wrote, and what that cost; nothing for other rewards. */
  private static void expenses(String reward, List<Score> scores, Map<String, Double> metrics) {
    for (Score score : scores) {
      Expense.of(score)
          .ifPresent(
              expense -> {
                String at = "reward/" + reward + "/";
                metrics.merge(at + "prompt-tokens", (double) expense.promptTokens(), Double::sum);
                metrics.merge(at + "answer-tokens", (double) expense.answerTokens(), Double::sum);
                metrics.merge(at + "cost", expense.cost(), Double::sum);
              });
    }
  }

  /** What became of the groups, and what they cost. */
  void groups(Collected collected, Advantages advantages, Map<String, Double> metrics) {
    collected.cost(metrics);
    for (Advantages.Group outcome : Advantages.Group.values()) {
      String key = "groups/" + outcome.name().toLowerCase(Locale.ROOT).replace('_', '-');
      metrics.put(key, (double) advantages.count(outcome));
    }
  }

  private static void count(Map<String, Double> outcomes, String reward, Outcome outcome) {
    outcomes.merge("reward/" + reward + "/" + outcome.text(), 1.0, Double::sum);
  }

  /** Lengths in tokens, thoughts, endings. */
  void completions(List<ScoredRollout> rollouts, Map<String, Double> metrics) {
    Mean length = new Mean();
    Mean thinks = new Mean();
    Mean thoughtLength = new Mean();
    Mean truncated = new Mean();
    Mean forced = new Mean();
    for (ScoredRollout rollout : rollouts) {
      String prefix = thoughts.prefix(rollout.rollout().visit().task());
      for (Completion completion : rollout.rollout().completions()) {
        String thought = thoughts.thought(prefix, completion.text());
        length.add(completion.ids().length);
        thinks.add(thought.isEmpty() ? 0 : 1);
        thoughtLength.add(thoughts.tokens(thought));
        truncated.add(completion.stop().truncated() ? 1 : 0);
        for (boolean mark : completion.forced()) {
          forced.add(mark ? 1 : 0);
        }
      }
    }
    metrics.put("completion/length-mean", length.mean());
    metrics.put("completion/length-max", length.most());
    metrics.put("completion/thinks", thinks.mean());
    metrics.put("completion/think-length-mean", thoughtLength.mean());
    metrics.put("completion/truncated", truncated.mean());
    if (forced.mean() > 0) {
      metrics.put("completion/forced-share", forced.mean());
    }
  }
}
