package io.whetstone.rewards.models;

import io.whetstone.datasets.Task;
import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.Group;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.Score;
import io.whetstone.rewards.StepScore;
import io.whetstone.rewards.models.StepRule.Span;
import io.whetstone.tokenizer.Tokenizer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.BiFunction;

/**
 * What a reward model says of completions. All groups of a step are scored together, on the thread
 * that also samples, before they are asked for one by one: the engine belongs to one thread.
 */
public final class ModelReward implements Reward {
  /** A forward pass over a step's completions; nothing hangs where it takes long. */
  private static final Duration PATIENCE = Duration.ofMinutes(10);

  private final LoadedModel loaded;
  private final ModelSettings settings;
  private final BiFunction<Task, Tokenizer, int[]> prompts;
  private final CompletionIds reading;

  /**
   * @param prompts the ids of a task's prompt as the policy reads it, by the model's tokenizer
   * @param policyTokenizer the tokenizer that candidates' ids are of; empty where only their texts
   *     count
   */
  public ModelReward(
      LoadedModel loaded,
      ModelSettings settings,
      BiFunction<Task, Tokenizer, int[]> prompts,
      Optional<Tokenizer> policyTokenizer) {
    this.loaded = loaded;
    this.settings = settings;
    this.prompts = prompts;
    this.reading = new CompletionIds(loaded.model().tokenizer(), policyTokenizer);
    if (settings.output() == ModelSettings.Output.PROBABILITY
        && !loaded.model().form().probability()) {
      throw new IllegalArgumentException(
          "output: probability: the model was not trained to give one; expected auto or raw");
    }
  }

  /** The model behind it. */
  public LoadedModel loaded() {
    return loaded;
  }

  /** What to score of a completion, and which of the candidate's tokens each number is about. */
  private record Asked(Scorable scorable, List<Span> steps) {}

  private Asked asked(int[] prompt, Candidate candidate) {
    ScoreModel model = loaded.model();
    int[] ids = reading.of(candidate);
    if (prompt.length + ids.length > model.config().maxPositions()) {
      throw new IllegalArgumentException(
          prompt.length
              + " tokens of prompt and "
              + ids.length
              + " of completion exceed the reward model's "
              + model.config().maxPositions()
              + " positions");
    }
    if (model.form().kind() == RewardForm.Kind.OUTCOME) {
      int pad = model.tokenizer().pad().orElse(-1);
      return new Asked(Scorable.outcome(prompt, ids, pad), List.of());
    }
    CompletionIds.Steps steps =
        reading.steps(model.form().steps(), candidate.text(), candidate.ids(), ids);
    return new Asked(Scorable.steps(prompt, ids, steps.scored()), steps.trained());
  }

  @Override
  public void prepare(List<Group> groups) {
    List<Scorable> all = new ArrayList<>();
    for (Group group : groups) {
      int[] prompt = prompts.apply(group.task(), loaded.model().tokenizer());
      for (Candidate candidate : group.candidates()) {
        try {
          all.add(asked(prompt, candidate).scorable);
        } catch (IllegalArgumentException e) {
          // Said again, of that candidate, when it is scored.
        }
      }
    }
    loaded.scores(all);
  }

  @Override
  public List<Score> score(Group group) {
    int[] prompt = prompts.apply(group.task(), loaded.model().tokenizer());
    List<Score> scores = new ArrayList<>();
    for (Candidate candidate : group.candidates()) {
      try {
        Asked asked = asked(prompt, candidate);
        scores.add(score(asked, loaded.scores(List.of(asked.scorable)).clone()[0]));
      } catch (IllegalArgumentException e) {
        scores.add(Score.error(e.getMessage()));
      }
    }
    return scores;
  }

  private Score score(Asked asked, double[] numbers) {
    ScoreModel model = loaded.model();
    boolean chance = settings.output() != ModelSettings.Output.RAW && model.form().probability();
    double[] values = chance ? Arrays.stream(numbers).map(ModelReward::chance).toArray() : numbers;
    if (model.form().kind() == RewardForm.Kind.OUTCOME) {
      return Score.scored(values[0]);
    }
    if (values.length == 0) {
      return Score.scored(0).withNote("steps", "none: the completion is empty");
    }
    for (double value : values) {
      if (!Double.isFinite(value)) {
        return Score.error("value: " + value + " of a step is not finite");
      }
    }
    List<StepScore> steps = new ArrayList<>();
    for (int s = 0; s < values.length; s++) {
      Span step = asked.steps.get(s);
      steps.add(new StepScore(step.from(), step.to(), values[s]));
    }
    return Score.scored(settings.aggregate().of(values)).withSteps(steps);
  }

  /** σ(logit). */
  public static double chance(double logit) {
    double e = StrictMath.exp(-Math.abs(logit));
    return (logit >= 0 ? 1 : e) / (1 + e);
  }

  @Override
  public Duration patience(int candidates) {
    return PATIENCE;
  }

  @Override
  public OptionalInt concurrency() {
    return OptionalInt.of(1);
  }
}
