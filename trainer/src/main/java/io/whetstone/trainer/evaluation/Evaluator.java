package io.whetstone.trainer.evaluation;

import io.whetstone.datasets.TaskSource;
import io.whetstone.generation.Completion;
import io.whetstone.generation.Sampler;
import io.whetstone.rewards.Outcome;
import io.whetstone.rewards.RewardPipeline;
import io.whetstone.rewards.Score;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.trainer.algorithm.Interval;
import io.whetstone.trainer.algorithm.PassAtK;
import io.whetstone.trainer.config.Decoding;
import io.whetstone.trainer.rollout.PromptEncoder;
import io.whetstone.trainer.rollout.Rollout;
import io.whetstone.trainer.rollout.RolloutSampler;
import io.whetstone.trainer.rollout.RolloutScorer;
import io.whetstone.trainer.rollout.ScoredRollout;
import io.whetstone.trainer.rollout.TaskVisit;
import io.whetstone.trainer.rollout.ThoughtMeter;
import java.util.ArrayList;
import java.util.List;

/**
 * Measures a policy on tasks: draws completions, scores them, counts.
 *
 * <p>A completion is right where the deciding reward's outcome is {@link Outcome#CORRECT}. One
 * whose reward failed is neither right nor wrong: it stays out of every share of right ones, and is
 * counted.
 */
public final class Evaluator {
  private static final String FORMAT = "format";

  private final Sampler sampler;
  private final Tokenizer tokenizer;
  private final PromptEncoder prompts;
  private final RolloutScorer scorer;
  private final String deciding;
  private final long key;

  /**
   * @param rewards asked about every completion; their weights do not matter
   * @param deciding name of the reward whose outcome says whether a completion is right
   * @param key key of the random numbers: the same key draws the same completions of the same
   *     policy
   */
  public Evaluator(
      Sampler sampler,
      Tokenizer tokenizer,
      PromptEncoder prompts,
      RewardPipeline rewards,
      String deciding,
      long key) {
    this.sampler = sampler;
    this.tokenizer = tokenizer;
    this.prompts = prompts;
    this.scorer = new RolloutScorer(rewards, prompts);
    this.deciding = deciding;
    this.key = key;
    if (rewards.rewards().stream().noneMatch(r -> r.name().equals(deciding))) {
      throw new IllegalArgumentException(
          "evaluation.solved-by: no reward is called "
              + deciding
              + "; there is: "
              + String.join(", ", rewards.rewards().stream().map(r -> r.name()).toList()));
    }
  }

  /** The first {@code count} tasks of the source, {@code samples} completions each. */
  public Evaluated evaluate(TaskSource tasks, int count, int samples, Decoding decoding)
      throws InterruptedException {
    List<TaskVisit> visits = new ArrayList<>();
    for (long i = 0; i < Math.min(count, tasks.size()); i++) {
      visits.add(new TaskVisit(tasks.task(i), i, 0));
    }
    RolloutSampler rollouts =
        new RolloutSampler(sampler, tokenizer, prompts, decoding, samples, false, key);
    List<Rollout> drawn = rollouts.draw(visits, 0);
    List<ScoredRollout> scored = scorer.score(drawn, 0);
    return new Evaluated(measure(scored, samples), scored);
  }

  private Measured measure(List<ScoredRollout> scored, int samples) {
    ThoughtMeter meter = new ThoughtMeter(tokenizer, prompts);
    Share formatted = new Share();
    Share thinking = new Share();
    Share rightThinking = new Share();
    Share truncated = new Share();
    Share length = new Share();
    Share thoughtLength = new Share();
    List<Double> perTask = new ArrayList<>();
    Share passAtK = new Share();
    Share majority = new Share();
    long right = 0;
    long decided = 0;
    int failed = 0;
    for (ScoredRollout rollout : scored) {
      List<Completion> completions = rollout.rollout().completions();
      String prefix = meter.prefix(rollout.rollout().visit().task());
      List<String> answers = new ArrayList<>();
      List<Boolean> verdicts = new ArrayList<>();
      for (int i = 0; i < completions.size(); i++) {
        Completion completion = completions.get(i);
        String thought = meter.thought(prefix, completion.text());
        thinking.add(thought.isEmpty() ? 0 : 1);
        length.add(completion.ids().length);
        thoughtLength.add(meter.tokens(thought));
        truncated.add(completion.stop().truncated() ? 1 : 0);
        if (rollout.scores().scores().containsKey(FORMAT)) {
          rollout.scores().score(FORMAT, i).value().ifPresent(v -> formatted.add(v >= 1 ? 1 : 0));
        }
        Score score = rollout.scores().score(deciding, i);
        if (score.value().isEmpty()) {
          failed++;
          continue;
        }
        boolean correct = score.outcome() == Outcome.CORRECT;
        answers.add(score.extracted().orElse(null));
        verdicts.add(correct);
        if (!thought.isEmpty()) {
          rightThinking.add(correct ? 1 : 0);
        }
      }
      int n = verdicts.size();
      int c = (int) verdicts.stream().filter(v -> v).count();
      right += c;
      decided += n;
      if (n > 0) {
        perTask.add((double) c / n);
        passAtK.add(PassAtK.passAtK(n, c, n));
        boolean[] correct = new boolean[n];
        for (int i = 0; i < n; i++) {
          correct[i] = verdicts.get(i);
        }
        majority.add(PassAtK.majorityAtK(answers.toArray(String[]::new), correct, n));
      }
    }
    Interval passAt1 =
        samples == 1
            ? Interval.wilson(right, decided)
            : Interval.bootstrap(perTask.stream().mapToDouble(v -> v).toArray(), key);
    return new Measured(
        scored.size(),
        samples,
        passAt1,
        passAtK.value(),
        majority.value(),
        formatted.value(),
        thinking.value(),
        rightThinking.value(),
        length.value(),
        thoughtLength.value(),
        truncated.value(),
        failed);
  }

  /** A mean as it grows; NaN while empty. */
  private static final class Share {
    private double sum;
    private long count;

    void add(double value) {
      sum += value;
      count++;
    }

    double value() {
      return sum / count;
    }
  }
}
