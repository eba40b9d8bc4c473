package io.whetstone.trainer.evaluation;

import io.whetstone.datasets.Task;
import io.whetstone.datasets.TaskSource;
import io.whetstone.trainer.config.Decoding;
import io.whetstone.trainer.config.Evaluation;
import io.whetstone.trainer.rollout.PromptEncoder;
import io.whetstone.trainer.rollout.ScoredRollout;
import java.util.List;
import java.util.Optional;

/**
 * What a run measures each time: sampled, greedy and longer tasks. The same tasks and random
 * numbers each time, so that two rounds differ by the policy alone.
 */
public final class EvaluationPlan {
  private static final int EXAMPLES = 3;

  private final Evaluator evaluator;
  private final PromptEncoder prompts;
  private final String deciding;
  private final Evaluation settings;
  private final TaskSource tasks;
  private final Optional<TaskSource> longer;

  public EvaluationPlan(
      Evaluator evaluator,
      PromptEncoder prompts,
      Evaluation settings,
      TaskSource tasks,
      Optional<TaskSource> longer) {
    this.evaluator = evaluator;
    this.prompts = prompts;
    this.deciding = settings.solvedBy();
    this.settings = settings;
    this.tasks = tasks;
    this.longer = longer;
  }

  /** Measures the policy as it is now. */
  public EvaluationRound run() throws InterruptedException {
    Decoding sampling = settings.decoding();
    Evaluated sampled = evaluator.evaluate(tasks, settings.count(), settings.samples(), sampling);
    Measured greedy = evaluator.evaluate(tasks, settings.count(), 1, sampling.greedy()).measured();
    Measured longerMeasured =
        longer.isEmpty()
            ? null
            : evaluator
                .evaluate(longer.get(), settings.count(), settings.samples(), sampling)
                .measured();
    List<EvaluationRound.Example> examples =
        sampled.rollouts().stream().limit(EXAMPLES).map(this::example).toList();
    return new EvaluationRound(sampled.measured(), greedy, longerMeasured, examples);
  }

  private EvaluationRound.Example example(ScoredRollout scored) {
    Task task = scored.rollout().visit().task();
    return new EvaluationRound.Example(
        prompts.text(task),
        scored.rollout().completions().getFirst().text(),
        task.answer().orElse(""),
        scored.scores().score(deciding, 0).outcome().text());
  }
}
