package io.whetstone.trainer.benchmark;

import io.whetstone.generation.GenerationRequest;
import io.whetstone.generation.Sampler;
import io.whetstone.generation.SamplerLimits;
import io.whetstone.generation.StopRules;
import io.whetstone.generation.TokenListener;
import io.whetstone.model.FrozenTypes;
import io.whetstone.model.LinearModule;
import io.whetstone.model.Lora;
import io.whetstone.model.PackedTokens;
import io.whetstone.model.Scored;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Sampling;
import io.whetstone.tensor.Segments;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import io.whetstone.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Measures the rows of one workload on one model. */
public final class Benchmark implements AutoCloseable {
  private final Workload workload;
  private final Repetitions repetitions;
  private final Tokenizer tokenizer;
  private final Transformer model;

  /** Of the weights. */
  private final Tensor smallest;

  /**
   * Makes the model with random weights.
   *
   * @param work any work that is to be measured on this model
   * @param compute in what products are made
   * @param frozen in which types weights are held that are not trained
   * @param trainable whether work that trains is to be measured
   */
  public Benchmark(
      Workload workload,
      Row.Work work,
      Backend backend,
      DType compute,
      FrozenTypes frozen,
      boolean trainable,
      Repetitions repetitions) {
    this.workload = workload;
    this.repetitions = repetitions;
    this.tokenizer = workload.tokenizer();
    boolean adapted = work == Row.Work.GRPO_STEP_LORA;
    Optional<Lora> lora = adapted ? Optional.of(adapters(workload)) : Optional.empty();
    this.model = Transformer.create(backend, workload.model(), compute, lora, trainable, frozen);
    RandomWeights.fill(model);
    this.smallest =
        model.weights().values().stream().min(Comparator.comparingLong(Tensor::size)).orElseThrow();
    if (adapted) {
      model.initialiseAdapters(0);
    }
  }

  private static Lora adapters(Workload workload) {
    Set<String> all =
        LinearModule.of(workload.model()).stream()
            .map(LinearModule::name)
            .collect(Collectors.toSet());
    return new Lora(16, 32, 0, false, all);
  }

  /** Measures a row. */
  public Measurement run(Row row) throws InterruptedException {
    return run(row.work(), row.sequences);
  }

  /**
   * Measures some work.
   *
   * @param sequences that are computed together; a GRPO step has the workload's
   */
  public Measurement run(Row.Work work, int sequences) throws InterruptedException {
    return switch (work) {
      case PREFILL -> prefill(sequences);
      case GENERATE -> generate(sequences);
      case FORWARD_BACKWARD -> forwardBackward(sequences);
      case GRPO_STEP, GRPO_STEP_LORA -> grpoStep();
    };
  }

  private Measurement prefill(int sequences) throws InterruptedException {
    List<GenerationRequest> requests = requests(sequences, 1);
    try (Sampler sampler = sampler(sequences, 1)) {
      List<Double> seconds =
          repetitions.run(() -> timed(() -> sampler.generate(requests, TokenListener.NONE)));
      return tokens(seconds, (long) sequences * workload.promptTokens());
    }
  }

  private Measurement generate(int sequences) throws InterruptedException {
    int tokens = workload.decodedTokens() + 1;
    List<GenerationRequest> requests = requests(sequences, tokens);
    try (Sampler sampler = sampler(sequences, tokens)) {
      List<Double> seconds =
          repetitions.run(
              () -> {
                FirstTokens first = new FirstTokens(sequences);
                sampler.generate(requests, first);
                return (System.nanoTime() - first.at) * 1e-9;
              });
      return tokens(seconds, (long) sequences * workload.decodedTokens());
    }
  }

  /** Remembers when the last sequence got its first token: from then on all do is decode. */
  private static final class FirstTokens implements TokenListener {
    private int missing;
    private long at;

    FirstTokens(int sequences) {
      missing = sequences;
    }

    @Override
    public void drawn(int request, int sample, int id) {
      if (missing > 0 && --missing == 0) {
        at = System.nanoTime();
      }
    }
  }

  private Measurement forwardBackward(int sequences) throws InterruptedException {
    int length = workload.promptTokens() + workload.completionTokens();
    int[] ids = new int[sequences * length];
    int[] rows = new int[sequences * (length - 1)];
    int[] targets = new int[rows.length];
    int known = Math.min(500, workload.vocabulary());
    Arrays.setAll(ids, i -> Math.floorMod(i * 7919, known));
    for (int i = 0; i < rows.length; i++) {
      rows[i] = i / (length - 1) * length + i % (length - 1);
      targets[i] = ids[rows[i] + 1];
    }
    int[] lengths = new int[sequences];
    Arrays.fill(lengths, length);
    PackedTokens packed = PackedTokens.of(ids, Segments.ofLengths(lengths));
    float[] slopes = new float[rows.length];
    Arrays.fill(slopes, -1f / rows.length);
    float[] none = new float[rows.length];
    try (Workspace workspace = model.backend().workspace("activations")) {
      List<Double> seconds =
          repetitions.run(
              () ->
                  timed(
                      () -> {
                        workspace.reset();
                        model.zeroGradients();
                        Scored scored = model.score(packed, rows, targets, 1, workspace);
                        model.backward(scored, slopes, none, workspace);
                        await();
                      }));
      return tokens(seconds, ids.length);
    }
  }

  private Measurement grpoStep() throws InterruptedException {
    try (Sampler sampler =
            sampler(workload.groups() * workload.groupSize(), workload.completionTokens());
        GrpoSteps steps = new GrpoSteps(workload, model, tokenizer, sampler)) {
      return new Measurement(
          repetitions.run(
              () ->
                  timed(
                      () -> {
                        steps.next();
                        await();
                      })),
          Measurement.Unit.SECONDS,
          1);
    }
  }

  /** Until a device has done what it was asked for: it gives numbers back after that. */
  private void await() {
    model.backend().readFloats(smallest);
  }

  private interface Work {
    void run() throws InterruptedException;
  }

  private static double timed(Work work) throws InterruptedException {
    long start = System.nanoTime();
    work.run();
    return (System.nanoTime() - start) * 1e-9;
  }

  private static Measurement tokens(List<Double> seconds, long tokens) {
    return new Measurement(seconds, Measurement.Unit.TOKENS_PER_SECOND, tokens);
  }

  private Sampler sampler(int sequences, int tokens) {
    // A page's worth beyond what is needed, since a sequence takes whole pages.
    int positions = sequences * (workload.promptTokens() + tokens + 64);
    return new Sampler(model, tokenizer, new SamplerLimits(sequences, positions, 2048));
  }

  private List<GenerationRequest> requests(int sequences, int tokens) {
    StopRules stop = new StopRules(tokens, Set.of(), List.of());
    List<GenerationRequest> requests = new ArrayList<>();
    for (int i = 0; i < sequences; i++) {
      requests.add(new GenerationRequest(workload.promptIds(i), 1, Sampling.PLAIN, stop, i));
    }
    return requests;
  }

  @Override
  public void close() {
    model.close();
    tokenizer.close();
  }
}
