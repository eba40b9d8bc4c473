package io.whetstone.trainer.loop;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.datasets.TaskSource;
import io.whetstone.generation.Sampler;
import io.whetstone.model.Transformer;
import io.whetstone.rewards.RewardPipeline;
import io.whetstone.rewards.Terms;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.trainer.algorithm.AdvantageEstimator;
import io.whetstone.trainer.algorithm.Advantages;
import io.whetstone.trainer.algorithm.LearningRateSchedule;
import io.whetstone.trainer.algorithm.RewardBatch;
import io.whetstone.trainer.config.Grpo;
import io.whetstone.trainer.config.Kl;
import io.whetstone.trainer.config.RewardEntry;
import io.whetstone.trainer.rollout.Packer;
import io.whetstone.trainer.rollout.PromptEncoder;
import io.whetstone.trainer.rollout.Purpose;
import io.whetstone.trainer.rollout.RolloutSampler;
import io.whetstone.trainer.rollout.RolloutScorer;
import io.whetstone.trainer.rollout.SampleBuilder;
import io.whetstone.trainer.rollout.ScoredRollout;
import io.whetstone.trainer.rollout.ThoughtMeter;
import io.whetstone.trainer.rollout.TrainingSample;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * GRPO (Shao et al. 2024) on rule-based or modelled rewards: R1-Zero's recipe (DeepSeek-AI 2025).
 *
 * <pre>
 * tasks → groups of rollouts → rewards → (− KL) → advantages → samples
 *   → for each update: micro-batches forward, objective, backward → AdamW
 *   → the new weights draw the next step's rollouts
 * </pre>
 *
 * <p>Deviations from the paper: no KL term unless asked for (as DAPO, Yu et al. 2025), strictly
 * on-policy by default (one update a batch).
 */
public final class GrpoLoop implements StageLoop {
  private final Grpo settings;
  private final Transformer policy;
  private final Sampler sampler;
  private final StageTasks tasks;
  private final Collector collector;
  private final Backlog backlog;
  private final RolloutScorer scorer;
  private final PromptEncoder prompts;
  private final AdvantageEstimator estimator;
  private final ReferenceModel reference;
  private final PolicyTraining training;
  private final AdamW optimizer;
  private final LearningRateSchedule schedule;
  private final StepMetrics measured;
  private final Workspace workspace;
  private final float temperature;
  private long policyVersion;

  public GrpoLoop(
      Grpo settings,
      Transformer policy,
      Tokenizer tokenizer,
      Sampler sampler,
      TaskSource tasks,
      PromptEncoder prompts,
      RewardPipeline rewards,
      long seed,
      int stage) {
    this.settings = settings;
    this.policy = policy;
    this.sampler = sampler;
    this.tasks = new StageTasks(tasks, settings.curriculum(), Purpose.TASK_ORDER.key(seed, stage));
    this.estimator =
        Objectives.advantage(settings.advantage(), settings.dynamicSampling().enabled());
    this.scorer = new RolloutScorer(rewards, prompts);
    this.collector =
        new Collector(
            this.tasks.stream(),
            new RolloutSampler(
                sampler,
                tokenizer,
                prompts,
                settings.decoding(),
                settings.groupSize(),
                Objectives.needsGreedy(settings),
                Purpose.ROLLOUT.key(seed, stage)),
            scorer,
            settings.dynamicSampling(),
            new PassRates(settings.solvedBy()),
            this.tasks.ledger());
    this.prompts = prompts;
    this.backlog = new Backlog(settings.staleness(), settings.steps());
    this.temperature = (float) settings.decoding().temperature();
    Packer packer = new Packer(settings.optimization().microBatchTokens());
    this.workspace = policy.backend().workspace("activations");
    this.training = new PolicyTraining(settings, policy, packer, workspace);
    this.reference =
        settings.kl().coefficient() == 0
            ? null
            : new ReferenceModel(
                policy, packer, settings.kl().refreshMix() < 1 ? DType.F32 : policy.compute());
    this.optimizer = training.optimizer();
    this.schedule = Schedules.of(settings.optimization(), settings.steps());
    this.measured = new StepMetrics(new ThoughtMeter(tokenizer, prompts));
  }

  @Override
  public int steps() {
    return settings.steps();
  }

  @Override
  public StepReport step(int step) throws InterruptedException {
    Timer timer = new Timer();
    refreshReference(step);
    Collected collected =
        backlog.next(step, use -> collector.collect(settings.tasksPerStep(), use, timer));
    List<ScoredRollout> rollouts = collected.used();
    Map<String, Double> metrics = new LinkedHashMap<>();
    measured.rewards(collected.all(), metrics);
    measured.completions(collected.all(), metrics);
    metrics.put("learning-rate", schedule.at(step));
    SampleBuilder samples = new SampleBuilder(rollouts, settings.maskTruncated());
    long updatesBefore = optimizer.steps();
    try {
      float[][] references = references(samples);
      Finite.requireRewards(rollouts);
      Advantages advantages = estimator.estimate(earned(samples, references, step));
      timer.lap("advantage");
      Advantages all = collected.spread(advantages);
      measured.groups(collected, all, metrics);
      List<TrainingSample> trained = samples.build(advantages);
      Finite.requireSamples(trained);
      boolean current = isCurrent(rollouts);
      PolicyTraining.Updated updated = training.train(trained, references, schedule.at(step));
      timer.lap("train");
      metrics.putAll(updated.measures().named());
      training.coefficients().into(metrics);
      metrics.put("gradient/norm", updated.gradientNorm());
      if (current) {
        metrics.put("exact/logprob-mismatch-max", updated.mismatch());
      }
      return report(collected, timer, metrics, all, Optional.empty());
    } catch (NonFiniteException e) {
      measured.groups(collected, collected.unused(), metrics);
      return report(
          collected, timer, metrics, collected.unused(), Optional.of(SkippedStep.of(e, rollouts)));
    } finally {
      if (optimizer.steps() != updatesBefore) {
        sampler.publish(++policyVersion);
      }
    }
  }

  private StepReport report(
      Collected collected,
      Timer timer,
      Map<String, Double> metrics,
      Advantages advantages,
      Optional<SkippedStep> skipped) {
    timer.into(metrics, collected.tokens());
    return new StepReport(
        metrics,
        collected.all(),
        advantages,
        settings.maskTruncated(),
        collected.tokens(),
        skipped);
  }

  /** Whether the policy is still the one that drew; else its logprobs are others. */
  private boolean isCurrent(List<ScoredRollout> rollouts) {
    return rollouts.stream()
        .flatMap(group -> group.rollout().completions().stream())
        .allMatch(completion -> completion.policyVersion() == policyVersion);
  }

  private void refreshReference(int step) {
    int every = settings.kl().refreshEvery();
    if (reference != null && every > 0 && step > 0 && step % every == 0) {
      reference.refresh(policy, settings.kl().refreshMix());
    }
  }

  private float[][] references(SampleBuilder samples) {
    if (reference == null) {
      return null;
    }
    float[][] logprobs = reference.logprobs(samples.unweighted(), temperature);
    for (int s = 0; s < logprobs.length; s++) {
      Finite.requireSample("reference logprob", logprobs[s], s);
    }
    return logprobs;
  }

  /** What the completions earned, less what they pay for their distance from the reference. */
  private RewardBatch earned(SampleBuilder samples, float[][] references, int step) {
    List<TrainingSample> all = samples.unweighted();
    double[] penalties = new double[all.size()];
    double[][] costs = new double[all.size()][0];
    Kl.Place place = settings.kl().place();
    if (reference != null && place != Kl.Place.LOSS) {
      for (int s = 0; s < penalties.length; s++) {
        TrainingSample sample = all.get(s);
        double[] paid =
            Objectives.kl(settings.kl())
                .costs(
                    training.coefficients().kl(),
                    sample.logprobs(),
                    references[s],
                    sample.trained());
        Finite.requireSample("divergence from the reference", paid, s);
        if (place == Kl.Place.REWARD) {
          penalties[s] = Arrays.stream(paid).sum();
        } else {
          costs[s] = paid;
        }
      }
    }
    List<Terms> terms = settings.rewards().stream().map(RewardEntry::terms).toList();
    return samples.rewards(terms, step, penalties, costs);
  }

  @Override
  public Map<String, Tensor> tensors() {
    Map<String, Tensor> tensors = new LinkedHashMap<>(optimizer.moments());
    if (reference != null) {
      reference.weights().forEach((name, tensor) -> tensors.put("reference." + name, tensor));
    }
    return tensors;
  }

  @Override
  public ObjectNode progress() {
    ObjectNode progress = JsonNodeFactory.instance.objectNode();
    progress.set("coefficients", training.coefficients().progress());
    return progress
        .put("optimizer-steps", optimizer.steps())
        .put("tasks", tasks.stream().position())
        .put("policy-version", policyVersion);
  }

  @Override
  public void save(Path directory) throws IOException {
    tasks.save(directory);
    SavedRollouts.write(directory, backlog.waiting());
  }

  @Override
  public void restore(ObjectNode progress, Path directory) throws IOException {
    optimizer.restoreSteps(progress.required("optimizer-steps").asLong());
    tasks.restore(progress.required("tasks").asLong(), directory);
    backlog.restore(new SavedRollouts(tasks.source(), prompts, scorer).read(directory));
    training.coefficients().restore((ObjectNode) progress.required("coefficients"));
    policyVersion = progress.required("policy-version").asLong();
    sampler.publish(policyVersion);
    if (reference != null) {
      reference.weightsRead();
    }
  }

  @Override
  public void close() {
    if (reference != null) {
      reference.close();
    }
    optimizer.close();
    workspace.close();
  }
}
