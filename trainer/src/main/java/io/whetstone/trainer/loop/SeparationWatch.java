package io.whetstone.trainer.loop;

import io.whetstone.datasets.TaskSource;
import io.whetstone.generation.Sampler;
import io.whetstone.rewards.Outcome;
import io.whetstone.rewards.RewardPipeline;
import io.whetstone.rewards.Score;
import io.whetstone.rewards.models.BinaryReport;
import io.whetstone.rewards.models.ModelSettings.Watch;
import io.whetstone.tensor.Philox;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.trainer.config.Drawing;
import io.whetstone.trainer.rollout.PromptEncoder;
import io.whetstone.trainer.rollout.RolloutSampler;
import io.whetstone.trainer.rollout.RolloutScorer;
import io.whetstone.trainer.rollout.ScoredRollout;
import io.whetstone.trainer.rollout.TaskVisit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;

/**
 * Measures during a policy stage whether a reward model still tells right from wrong: the policy
 * answers held-out tasks, rules verify, and the model's values are compared with what they found.
 *
 * <p>Needs no state: what is drawn depends on the run's seed, the stage and the step.
 */
final class SeparationWatch {
  private final String reward;
  private final Watch settings;
  private final Drawing drawing;
  private final Tokenizer tokenizer;
  private final Sampler sampler;
  private final TaskSource heldOut;
  private final PromptEncoder prompts;
  private final RolloutScorer scorer;
  private final long key;

  /**
   * @param reward the watched one's name
   * @param rewards the watched one and the drawing's {@code solved-by}
   */
  SeparationWatch(
      String reward,
      Watch settings,
      Drawing drawing,
      Tokenizer tokenizer,
      Sampler sampler,
      TaskSource heldOut,
      PromptEncoder prompts,
      RewardPipeline rewards,
      long key) {
    this.reward = reward;
    this.settings = settings;
    this.drawing = drawing;
    this.tokenizer = tokenizer;
    this.sampler = sampler;
    this.heldOut = heldOut;
    this.prompts = prompts;
    this.scorer = new RolloutScorer(rewards, prompts);
    this.key = key;
  }

  /**
   * Measures where it is due.
   *
   * @param step the step that was done, from 1
   * @param metrics takes in what was measured, by the keys of docs/metrics.md
   */
  void after(int step, boolean last, Map<String, Double> metrics) throws InterruptedException {
    if (!last && step % settings.every() != 0) {
      return;
    }
    Timer timer = new Timer();
    List<TaskVisit> tasks = new ArrayList<>();
    for (long i = 0; i < Math.min(settings.tasks(), heldOut.size()); i++) {
      tasks.add(new TaskVisit(heldOut.task(i), i, 0));
    }
    RolloutSampler rollouts =
        new RolloutSampler(
            sampler,
            tokenizer,
            prompts,
            drawing.decoding(),
            settings.samples(),
            false,
            Philox.derive(key, step));
    DoubleStream.Builder values = DoubleStream.builder();
    List<Boolean> truths = new ArrayList<>();
    for (ScoredRollout group : scorer.score(rollouts.draw(tasks, 0), step)) {
      List<Score> said = group.scores().scores().get(reward);
      List<Score> found = group.scores().scores().get(drawing.solvedBy());
      for (int i = 0; i < said.size(); i++) {
        if (said.get(i).value().isPresent() && found.get(i).value().isPresent()) {
          values.add(said.get(i).value().getAsDouble());
          truths.add(found.get(i).outcome() == Outcome.CORRECT);
        }
      }
    }
    boolean[] truth = new boolean[truths.size()];
    for (int i = 0; i < truth.length; i++) {
      truth[i] = truths.get(i);
    }
    BinaryReport report = BinaryReport.of(values.build().toArray(), truth, false);
    report.into(metrics, "watch/" + reward + "/");
    metrics.put("watch/" + reward + "/alarm", report.auc() < settings.leastAuc() ? 1.0 : 0);
    timer.lap("watch");
    timer.add(metrics, "watch");
  }
}
