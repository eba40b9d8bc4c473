package io.whetstone.trainer.loop;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.tensor.Tensor;
import io.whetstone.trainer.algorithm.Advantages;
import io.whetstone.trainer.algorithm.LearningRateSchedule;
import io.whetstone.trainer.algorithm.RewardWeights;
import io.whetstone.trainer.config.RewardWeighted;
import io.whetstone.trainer.rollout.Packer;
import io.whetstone.trainer.rollout.SampleBuilder;
import io.whetstone.trainer.rollout.ScoredRollout;
import io.whetstone.trainer.rollout.TrainingSample;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reward-weighted regression on the policy's own completions.
 *
 * <pre>
 * tasks → groups of rollouts → rewards → weights exp(reward / temperature)
 *   → forward → −Σ weight · logprob → backward → AdamW
 * </pre>
 */
final class RewardWeightedLoop implements StageLoop {
  private final RewardWeighted settings;
  private final OwnRollouts rollouts;
  private final RewardWeights weights;
  private final SupervisedUpdate update;
  private final AdamW optimizer;
  private final LearningRateSchedule schedule;

  RewardWeightedLoop(RewardWeighted settings, Policy policy, OwnRollouts rollouts) {
    this.settings = settings;
    this.rollouts = rollouts;
    this.weights =
        new RewardWeights(
            settings.rewardTemperature(), settings.over() == RewardWeighted.Over.GROUP);
    this.update =
        new SupervisedUpdate(
            policy.model(),
            new Packer(settings.optimization().microBatchTokens()),
            Schedules.reduction(settings.reduction(), 1));
    this.optimizer = new AdamW(policy.model(), settings.optimization());
    this.schedule = Schedules.of(settings.optimization(), settings.steps());
  }

  @Override
  public int steps() {
    return settings.steps();
  }

  @Override
  public StepReport step(int step) throws InterruptedException {
    Timer timer = new Timer();
    Map<String, Double> metrics = new LinkedHashMap<>();
    Collected drawn =
        rollouts.draw(settings.tasksPerStep(), step, optimizer.steps(), timer, metrics);
    metrics.put("learning-rate", schedule.at(step));
    Advantages weighted = drawn.unused();
    Optional<SkippedStep> skipped = Optional.empty();
    try {
      Finite.requireRewards(drawn.all());
      weighted =
          weights.of(drawn.all().stream().map(ScoredRollout::rewards).toArray(double[][]::new));
      List<TrainingSample> samples =
          new SampleBuilder(drawn.all(), settings.maskTruncated()).build(weighted);
      Finite.requireSamples(samples);
      if (samples.stream().anyMatch(sample -> sample.trainedTokens() > 0)) {
        metrics.put("gradient/norm", learn(samples, schedule.at(step), metrics));
      }
    } catch (NonFiniteException e) {
      weighted = drawn.unused();
      skipped = Optional.of(SkippedStep.of(e, drawn.all()));
    }
    timer.lap("train");
    timer.into(metrics, drawn.tokens());
    return new StepReport(
        metrics, drawn.all(), weighted, settings.maskTruncated(), drawn.tokens(), skipped);
  }

  private double learn(List<TrainingSample> samples, double rate, Map<String, Double> metrics) {
    try {
      metrics.put("reward-weighted/loss", update.accumulate(samples));
      return optimizer.step(rate);
    } catch (NonFiniteException e) {
      throw update.blame(e, samples);
    }
  }

  @Override
  public Map<String, Tensor> tensors() {
    return optimizer.moments();
  }

  @Override
  public ObjectNode progress() {
    ObjectNode progress =
        JsonNodeFactory.instance.objectNode().put("optimizer-steps", optimizer.steps());
    rollouts.progress(progress);
    return progress;
  }

  @Override
  public void save(Path directory) throws IOException {
    rollouts.save(directory);
  }

  @Override
  public void restore(ObjectNode progress, Path directory) throws IOException {
    optimizer.restoreSteps(progress.required("optimizer-steps").asLong());
    rollouts.restore(progress, directory);
  }

  @Override
  public void close() {
    update.close();
    optimizer.close();
  }
}
