package io.whetstone.trainer.loop;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.datasets.Demonstration;
import io.whetstone.datasets.DemonstrationSource;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.Philox;
import io.whetstone.tensor.Tensor;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.trainer.algorithm.LearningRateSchedule;
import io.whetstone.trainer.config.Sft;
import io.whetstone.trainer.config.TooLong;
import io.whetstone.trainer.rollout.Packer;
import io.whetstone.trainer.rollout.PromptEncoder;
import io.whetstone.trainer.rollout.Purpose;
import io.whetstone.trainer.rollout.TrainingSample;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Supervised fine-tuning on demonstrations.
 *
 * <pre>
 * demonstrations → samples (completion and end of sequence are trained on; the prompt too, if asked)
 *   → for each micro-batch: forward → −Σ weight · logprob → backward → AdamW
 * </pre>
 */
final class SftLoop implements StageLoop {
  private final Sft settings;
  private final DemonstrationSource data;
  private final DemonstrationSamples samples;
  private final int maxLength;
  private final long orderKey;
  private final AdamW optimizer;
  private final LearningRateSchedule schedule;
  private final SupervisedUpdate update;
  private final int steps;
  private long shuffledPass = -1;
  private int[] order;

  SftLoop(
      Sft settings,
      Transformer policy,
      Tokenizer tokenizer,
      DemonstrationSource data,
      PromptEncoder prompts,
      long seed,
      int stage) {
    this.settings = settings;
    this.data = data;
    this.samples = new DemonstrationSamples(tokenizer, prompts, settings.trainOn());
    int positions = policy.config().maxPositions();
    this.maxLength = Math.min(positions, settings.maxLength().orElse(positions));
    this.orderKey = Purpose.DEMONSTRATION_ORDER.key(seed, stage);
    this.steps = steps(settings, data);
    this.optimizer = new AdamW(policy, settings.optimization());
    this.schedule = Schedules.of(settings.optimization(), steps);
    this.update =
        new SupervisedUpdate(
            policy,
            new Packer(settings.optimization().microBatchTokens()),
            Schedules.reduction(settings.reduction(), 1));
  }

  private static int steps(Sft settings, DemonstrationSource data) {
    if (settings.steps().isPresent()) {
      return settings.steps().get();
    }
    if (data.size() == Long.MAX_VALUE) {
      throw new IllegalArgumentException(
          settings.label() + ".epochs: the data are endless; give steps instead");
    }
    return Math.toIntExact(Math.ceilDiv(data.size() * settings.epochs().get(), settings.batch()));
  }

  @Override
  public int steps() {
    return steps;
  }

  @Override
  public StepReport step(int step) {
    long start = System.nanoTime();
    List<TrainingSample> samples = new ArrayList<>();
    List<String> tasks = new ArrayList<>();
    for (int i = 0; i < settings.batch(); i++) {
      long place = (long) step * settings.batch() + i;
      Demonstration demonstration = demonstration(place);
      TrainingSample sample = this.samples.of(demonstration, i);
      if (fits(sample, demonstration)) {
        tasks.add(demonstration.task().id());
        samples.add(sample);
      }
    }
    requireSome(samples, step);
    long tokens = samples.stream().mapToLong(TrainingSample::trainedTokens).sum();
    Map<String, Double> metrics = new LinkedHashMap<>();
    metrics.put("sft/tokens", (double) tokens);
    if (settings.tooLong() == TooLong.DROP) {
      metrics.put("sft/dropped", (double) settings.batch() - samples.size());
    }
    metrics.put("learning-rate", schedule.at(step));
    Optional<SkippedStep> skipped = Optional.empty();
    try {
      metrics.put("sft/loss", update.accumulate(samples));
      metrics.put("gradient/norm", optimizer.step(schedule.at(step)));
    } catch (NonFiniteException e) {
      skipped = Optional.of(SkippedStep.of(update.blame(e, samples), "the demonstration", tasks));
    }
    double seconds = (System.nanoTime() - start) * 1e-9;
    metrics.put("time/step", seconds);
    metrics.put("time/tokens-per-second", tokens / seconds);
    return StepReport.supervised(metrics, tokens, skipped);
  }

  private boolean fits(TrainingSample sample, Demonstration demonstration) {
    int length = sample.prompt().length + sample.ids().length;
    if (length > maxLength && settings.tooLong() == TooLong.STOP) {
      throw new IllegalArgumentException(
          "task "
              + demonstration.task().id()
              + ": the demonstration has "
              + length
              + " tokens, and at most "
              + maxLength
              + " may be learned at once; raise "
              + settings.label()
              + ".max-length where the model has the positions, or leave such ones out with"
              + " too-long: drop");
    }
    return length <= maxLength;
  }

  private void requireSome(List<TrainingSample> samples, int step) {
    if (samples.isEmpty()) {
      throw new IllegalArgumentException(
          settings.label()
              + ".max-length: every demonstration of step "
              + (step + 1)
              + " has more than "
              + maxLength
              + " tokens; raise it");
    }
  }

  private Demonstration demonstration(long place) {
    long size = data.size();
    if (size == Long.MAX_VALUE) {
      return data.demonstration(place);
    }
    long pass = place / size;
    if (pass != shuffledPass) {
      order = Philox.permutation(Philox.derive(orderKey, pass), Math.toIntExact(size));
      shuffledPass = pass;
    }
    return data.demonstration(order[(int) (place % size)]);
  }

  @Override
  public Map<String, Tensor> tensors() {
    return optimizer.moments();
  }

  @Override
  public ObjectNode progress() {
    return JsonNodeFactory.instance.objectNode().put("optimizer-steps", optimizer.steps());
  }

  @Override
  public void save(Path directory) {
    // Which demonstrations come next follows from the step.
  }

  @Override
  public void restore(ObjectNode progress, Path directory) {
    optimizer.restoreSteps(progress.required("optimizer-steps").asLong());
  }

  @Override
  public void close() {
    update.close();
    optimizer.close();
  }
}
