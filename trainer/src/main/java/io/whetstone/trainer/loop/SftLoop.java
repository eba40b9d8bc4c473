package io.whetstone.trainer.loop;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.datasets.Demonstration;
import io.whetstone.datasets.DemonstrationSource;
import io.whetstone.model.Scored;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.Philox;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.trainer.algorithm.LearningRateSchedule;
import io.whetstone.trainer.algorithm.LossReduction;
import io.whetstone.trainer.config.Sft;
import io.whetstone.trainer.rollout.MicroBatch;
import io.whetstone.trainer.rollout.Packer;
import io.whetstone.trainer.rollout.PromptEncoder;
import io.whetstone.trainer.rollout.Purpose;
import io.whetstone.trainer.rollout.TrainingSample;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Supervised fine-tuning on demonstrations.
 *
 * <pre>
 * demonstrations → samples (completion and end of sequence are trained on, the prompt is not)
 *   → for each micro-batch: forward → −Σ weight · logprob → backward → AdamW
 * </pre>
 */
final class SftLoop implements StageLoop {
  private final Sft settings;
  private final Transformer policy;
  private final Tokenizer tokenizer;
  private final DemonstrationSource data;
  private final PromptEncoder prompts;
  private final long orderKey;
  private final AdamW optimizer;
  private final LearningRateSchedule schedule;
  private final LossReduction reduction;
  private final Packer packer;
  private final Workspace workspace;
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
    this.policy = policy;
    this.tokenizer = tokenizer;
    this.data = data;
    this.prompts = prompts;
    this.orderKey = Purpose.DEMONSTRATION_ORDER.key(seed, stage);
    this.steps = steps(settings, data);
    this.optimizer = new AdamW(policy, settings.optimization());
    this.schedule = Schedules.of(settings.optimization(), steps);
    this.reduction = Schedules.reduction(settings.reduction(), 1);
    this.packer = new Packer(settings.optimization().microBatchTokens());
    this.workspace = policy.backend().workspace("activations");
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
    for (int i = 0; i < settings.batch(); i++) {
      long place = (long) step * settings.batch() + i;
      samples.add(sample(demonstration(place), i));
    }
    int[] trained = samples.stream().mapToInt(TrainingSample::trainedTokens).toArray();
    double[] weights = reduction.weights(trained);
    double loss = 0;
    for (MicroBatch batch : packer.pack(samples)) {
      loss += accumulate(batch, weights);
    }
    double rate = schedule.at(step);
    double norm = optimizer.step(rate);

    long tokens = Arrays.stream(trained).asLongStream().sum();
    double seconds = (System.nanoTime() - start) * 1e-9;
    Map<String, Double> metrics = new LinkedHashMap<>();
    metrics.put("sft/loss", loss);
    metrics.put("sft/tokens", (double) tokens);
    metrics.put("gradient/norm", norm);
    metrics.put("learning-rate", rate);
    metrics.put("time/step", seconds);
    metrics.put("time/tokens-per-second", tokens / seconds);
    return StepReport.supervised(metrics, tokens);
  }

  private double accumulate(MicroBatch batch, double[] weights) {
    workspace.reset();
    Scored scored = policy.score(batch.tokens(), batch.rows(), batch.targets(), 1, workspace);
    float[] dLogprobs = new float[batch.size()];
    double loss = 0;
    for (int i = 0; i < dLogprobs.length; i++) {
      double weight = weights[batch.sample()[i]];
      loss -= weight * scored.logprobs()[i];
      dLogprobs[i] = (float) -weight;
    }
    policy.backward(scored, dLogprobs, new float[batch.size()], workspace);
    return loss;
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

  private TrainingSample sample(Demonstration demonstration, int group) {
    int[] text = tokenizer.encode(demonstration.completion());
    int[] prompt = prompts.encode(demonstration.task(), text.length + 1);
    int[] ids = Arrays.copyOf(text, text.length + 1);
    ids[text.length] = tokenizer.endOfSequence().getFirst();
    boolean[] trained = new boolean[ids.length];
    Arrays.fill(trained, true);
    float[] advantages = new float[ids.length];
    Arrays.fill(advantages, 1);
    return new TrainingSample(prompt, ids, new float[0], trained, advantages, group);
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
  public void restore(ObjectNode progress) {
    optimizer.restoreSteps(progress.required("optimizer-steps").asLong());
  }

  @Override
  public void close() {
    workspace.close();
    optimizer.close();
  }
}
