package io.whetstone.trainer.command;

import io.whetstone.model.FrozenTypes;
import io.whetstone.model.Lora;
import io.whetstone.model.ModelConfig;
import io.whetstone.model.PackedTokens;
import io.whetstone.model.Scored;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.CachedRows;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.KvCache;
import io.whetstone.tensor.Sampling;
import io.whetstone.tensor.Segments;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import io.whetstone.trainer.config.Experiment;
import io.whetstone.trainer.config.Optimization;
import io.whetstone.trainer.loop.AdamW;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;

/**
 * How long a step takes, from what a few layers of the model's shape take here, with adapters and
 * quantised weights where the run has them: their forward and backward, a step of decoding, the
 * head, the draw, the optimizer and the copies of weights that are made anew after it. Weights are
 * zero; what is computed is the same. Sequences are as long as the run's are on average, up to
 * {@value #MOST_ROWS} tokens. Rewards, and completions that end early, are left out.
 */
final class StepTime implements AutoCloseable {
  /** Numbers in the layers that are measured: enough to leave the caches. */
  private static final long MEASURED = 30_000_000;

  /** Rows of a pass where nobody knows better. */
  private static final int USUAL_ROWS = 256;

  private static final int MOST_ROWS = 2048;

  /** Steps of decoding, around the middle of a completion. */
  private static final int DECODED = 24;

  /** The virtual machine compiles kernels as it runs them; small models are slow until then. */
  private static final double WARM_UP_SECONDS = 5;

  /** At least twice, and as often as it takes for so long. */
  private static final double MEASURED_SECONDS = 0.7;

  private final ModelConfig model;
  private final ModelConfig cut;
  private final Optional<Lora> lora;
  private final int length;
  private final int rows;
  private final Backend backend;
  private final Transformer layers;
  private final Workspace workspace;
  private final AdamW optimizer;
  private final Pass trained;
  private final Pass forward;
  private final double optimizerSeconds;

  /**
   * Seconds of a pass.
   *
   * @param layer for a row in one layer
   * @param head for a row that predicts
   */
  private record Pass(double layer, double head) {}

  /**
   * @param lora the run's adapters
   * @param frozen in which types the weights beside them are held
   * @param loads the steps whose times will be asked for
   */
  StepTime(
      Experiment experiment,
      ModelConfig model,
      Optional<Lora> lora,
      FrozenTypes frozen,
      List<StageLoad> loads,
      Optimization optimization) {
    this.model = model;
    this.cut = cut(model);
    this.lora = lora;
    this.length = length(loads);
    this.rows = Math.max(length, rows(loads));
    this.backend = Backends.open(experiment.backend(), experiment.threads());
    Optional<Lora> adapters = lora.flatMap(this::cut);
    this.layers =
        Transformer.create(
            backend,
            cut,
            experiment.precision().compute(),
            adapters,
            true,
            adapters.isPresent() ? frozen : FrozenTypes.NONE);
    layers.recomputeActivations(experiment.recomputeActivations());
    this.workspace = backend.workspace("a step that is timed");
    this.optimizer = new AdamW(layers, optimization);
    layers.weightsChanged();
    long end = System.nanoTime() + (long) (WARM_UP_SECONDS * 1e9);
    do {
      trained(rows);
      optimizer.step(1e-9);
    } while (System.nanoTime() < end);
    this.trained = pass(this::trained);
    this.forward = pass(this::forward);
    double unchanged = fastest(() -> trained(1));
    double changed =
        fastest(
            () -> {
              optimizer.step(1e-9);
              trained(1);
            });
    this.optimizerSeconds =
        Math.max(0, changed - unchanged) / numbers(cut, adapters) * numbers(model, lora);
  }

  /** Rows of the largest micro-batch: with fewer of them the calls would be measured. */
  private static int rows(List<StageLoad> loads) {
    int most =
        loads.stream()
            .filter(StageLoad::known)
            .mapToInt(StageLoad::largestMicroBatch)
            .max()
            .orElse(USUAL_ROWS);
    return Math.min(most, MOST_ROWS);
  }

  /** Numbers that are trained. */
  private static double numbers(ModelConfig config, Optional<Lora> adapters) {
    return adapters.map(a -> a.parameters(config)).orElse(config.parameters());
  }

  /** The tokens of the longest stage's sequences, on average and within what is measured. */
  private int length(List<StageLoad> loads) {
    double longest =
        loads.stream()
            .filter(StageLoad::known)
            .mapToDouble(load -> load.prompt() + load.completion())
            .max()
            .orElse(USUAL_ROWS);
    return Math.clamp((long) longest, 16, Math.max(16, Math.min(MOST_ROWS, cut.maxPositions())));
  }

  /** The first layers, at least one, whose positions are few. */
  private static ModelConfig cut(ModelConfig model) {
    long table = (long) model.vocabulary() * model.hidden();
    long layer =
        (model.parameters() - (model.tiedEmbeddings() ? table : 2 * table)) / model.layers();
    int count = Math.clamp(MEASURED / Math.max(1, layer), 1, model.layers());
    return new ModelConfig(
        model.architecture(),
        model.vocabulary(),
        model.hidden(),
        model.heads(),
        model.feedForward(),
        model.gate(),
        model.epsilon(),
        model.tiedEmbeddings(),
        Math.min(model.maxPositions(), MOST_ROWS + DECODED),
        model.layerForms().subList(0, count));
  }

  /** The adapters of these layers, where they have any. */
  private Optional<Lora> cut(Lora adapters) {
    Set<String> modules =
        adapters.modules().stream()
            .filter(module -> Integer.parseInt(module.split("\\.")[2]) < cut.layers())
            .collect(Collectors.toSet());
    return modules.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new Lora(
                adapters.rank(),
                adapters.alpha(),
                adapters.dropout(),
                adapters.rankStabilised(),
                modules));
  }

  /** What must fit beside everything else while it is measured. */
  static long bytes(ModelConfig model) {
    return 24L * cut(model).parameters();
  }

  private Pass pass(IntConsumer headRows) {
    double all = fastest(() -> headRows.accept(rows));
    // None at all: what the head takes for any number of rows must not count as the layers'.
    double layersAlone = fastest(() -> headRows.accept(0));
    return new Pass(
        layersAlone / ((double) rows * cut.layers()), Math.max(0, all - layersAlone) / rows);
  }

  private void trained(int headRows) {
    workspace.reset();
    Scored scored = layers.score(packed(), last(headRows), new int[headRows], 1, workspace);
    layers.backward(scored, new float[headRows], new float[headRows], workspace);
  }

  private void forward(int headRows) {
    workspace.reset();
    layers.evaluate(packed(), last(headRows), new int[headRows], 1, workspace);
  }

  private int[] last(int count) {
    int[] last = new int[count];
    Arrays.setAll(last, i -> rows - count + i);
    return last;
  }

  /** Sequences that make {@link #rows} together. */
  private PackedTokens packed() {
    int[] lengths = new int[Math.ceilDiv(rows, length)];
    Arrays.setAll(lengths, i -> Math.min(length, rows - i * length));
    return PackedTokens.of(new int[rows], Segments.ofLengths(lengths));
  }

  /** Seconds of one decoding step with so many sequences in the middle, all layers and the head. */
  private double decoded(int sequences, int middle) {
    int pageSize;
    try (KvCache probe = layers.kvCache(1)) {
      pageSize = probe.pageSize();
    }
    int start = Math.clamp(middle - DECODED / 2, 0, Math.max(0, cut.maxPositions() - DECODED));
    int count = Math.min(DECODED, cut.maxPositions() - start);
    int pages = Math.ceilDiv(start + count, pageSize);
    try (KvCache cache = layers.kvCache(sequences * pages)) {
      double[] best = {Double.MAX_VALUE, Double.MAX_VALUE};
      long warm = System.nanoTime() + (long) (WARM_UP_SECONDS / 2 * 1e9);
      for (int i = 0; i < count || System.nanoTime() < warm; i++) {
        workspace.reset();
        decode(cache, sequences, pages, pageSize, start + i % count, best);
      }
      return best[0] / cut.layers() * model.layers() + best[1];
    }
  }

  /** One step; the fastest of layers and of the head and the draw are kept. */
  private void decode(
      KvCache cache, int sequences, int pages, int pageSize, int at, double[] best) {
    int[] positions = new int[sequences];
    int[] slots = new int[sequences];
    int[] lengths = new int[sequences];
    int[] which = new int[sequences];
    int[][] table = new int[sequences][pages];
    for (int s = 0; s < sequences; s++) {
      int first = s * pages;
      Arrays.setAll(table[s], p -> first + p);
      positions[s] = at;
      slots[s] = (first + at / pageSize) * pageSize + at % pageSize;
      lengths[s] = at + 1;
      which[s] = s;
    }
    // The cache is as memory was found, so what comes of it need not be numbers.
    Tensor drawn = workspace.zeros(DType.F32, sequences, cut.vocabulary());
    Sampling[] plain = new Sampling[sequences];
    Arrays.fill(plain, Sampling.PLAIN);
    double[] uniforms = new double[sequences];
    Arrays.fill(uniforms, 0.5);
    long start = System.nanoTime();
    Tensor states =
        layers.forwardCached(
            new int[sequences],
            positions,
            slots,
            new CachedRows(table, which, lengths),
            cache,
            workspace);
    long middle = System.nanoTime();
    layers.logits(states, workspace);
    backend.sample(drawn, plain, uniforms, new int[sequences], new float[sequences]);
    long end = System.nanoTime();
    best[0] = Math.min(best[0], (middle - start) * 1e-9);
    best[1] = Math.min(best[1], (end - middle) * 1e-9);
  }

  /** Seconds of a step whose completions are as long as they may be. */
  double seconds(StageLoad load) {
    double seconds = seconds(trained, load) * load.passes();
    seconds += load.reference() ? seconds(forward, load) : 0;
    seconds += optimizerSeconds * load.passes();
    if (load.inFlight() > 0) {
      double rounds = (double) load.completions() / load.together();
      int middle = (int) (load.prompt() + load.completion() / 2);
      seconds += rounds * load.completion() * decoded(load.together(), middle);
      seconds += load.groups() * load.prompt() * model.layers() * forward.layer;
    }
    return seconds;
  }

  private double seconds(Pass pass, StageLoad load) {
    return load.rows() * model.layers() * pass.layer + load.headRows() * pass.head;
  }

  /** The times, one a stage whose steps are known. */
  void report(List<StageLoad> loads, Findings findings) {
    for (StageLoad load : loads) {
      if (load.known()) {
        double seconds = seconds(load);
        findings.say(
            "time",
            String.format(
                Locale.ROOT,
                "%s: %s a step%s, roughly, as this machine is busy now",
                load.stage(),
                text(seconds),
                load.inFlight() > 0
                    ? " where completions have "
                        + (int) load.completion()
                        + " tokens, less where"
                        + " they end before"
                    : ""));
      }
    }
  }

  private static String text(double seconds) {
    return seconds < 100
        ? String.format(Locale.ROOT, seconds < 10 ? "%.2g s" : "%.0f s", seconds)
        : seconds < 6000
            ? String.format(Locale.ROOT, "%.0f minutes", seconds / 60)
            : String.format(Locale.ROOT, "%.1f hours", seconds / 3600);
  }

  private static double fastest(Runnable measured) {
    double best = Double.MAX_VALUE;
    long end = System.nanoTime() + (long) (MEASURED_SECONDS * 1e9);
    for (int i = 0; i < 2 || System.nanoTime() < end; i++) {
      long start = System.nanoTime();
      measured.run();
      best = Math.min(best, (System.nanoTime() - start) * 1e-9);
    }
    return best;
  }

  @Override
  public void close() {
    optimizer.close();
    workspace.close();
    layers.close();
    backend.close();
  }
}
