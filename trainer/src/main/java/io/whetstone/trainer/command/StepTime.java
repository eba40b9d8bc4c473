package io.whetstone.trainer.command;

import io.whetstone.model.ModelConfig;
import io.whetstone.model.PackedTokens;
import io.whetstone.model.Scored;
import io.whetstone.model.Transformer;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.CachedRows;
import io.whetstone.tensor.KvCache;
import io.whetstone.tensor.Segments;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import io.whetstone.trainer.config.Experiment;
import io.whetstone.trainer.config.Optimization;
import io.whetstone.trainer.loop.AdamW;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * How long a step takes, from what a few layers of the model's shape take here: their forward and
 * backward, a step of decoding, the head, the optimizer. Weights are zero; what is computed is the
 * same. Attention's growth with the length, rewards, and completions that end early are left out.
 */
final class StepTime implements AutoCloseable {
  /** Numbers in the layers that are measured: enough to leave the caches. */
  private static final long MEASURED = 30_000_000;

  /** Rows of a pass: small models need more, or what is measured is the calls. */
  private static final int FEWEST_ROWS = 256;

  private static final int MOST_ROWS = 2048;

  /** Multiply-adds of a pass that are enough. */
  private static final double ENOUGH_WORK = 2.5e9;

  private static final int DECODED = 24;

  /** The virtual machine compiles kernels as it runs them; small models are slow until then. */
  private static final double WARM_UP_SECONDS = 5;

  /** At least twice, and as often as it takes for so long. */
  private static final double MEASURED_SECONDS = 0.7;

  private final ModelConfig model;
  private final ModelConfig cut;
  private final int rows;
  private final Backend backend;
  private final Transformer layers;
  private final Workspace workspace;
  private final AdamW optimizer;
  private final double layerSeconds;
  private final double headSeconds;
  private final double optimizerSeconds;

  StepTime(Experiment experiment, ModelConfig model, Optimization optimization) {
    this.model = model;
    this.cut = cut(model);
    this.rows = (int) Math.clamp(ENOUGH_WORK / cut.parameters(), FEWEST_ROWS, MOST_ROWS);
    this.backend = Backends.open(experiment.backend(), experiment.threads());
    this.layers = Transformer.create(backend, cut, experiment.precision().compute(), true);
    this.workspace = backend.workspace("a step that is timed");
    this.optimizer = new AdamW(layers, optimization);
    layers.weightsChanged();
    long end = System.nanoTime() + (long) (WARM_UP_SECONDS * 1e9);
    do {
      trained(rows);
    } while (System.nanoTime() < end);
    double all = fastest(() -> trained(rows));
    double one = fastest(() -> trained(1));
    this.layerSeconds = one / (rows * cut.layers());
    this.headSeconds = Math.max(0, all - one) / rows;
    this.optimizerSeconds =
        fastest(() -> optimizer.step(1e-9)) / cut.parameters() * model.parameters();
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
        Math.min(model.maxPositions(), 2 * FEWEST_ROWS),
        model.layerForms().subList(0, count));
  }

  /** What must fit beside everything else while it is measured. */
  static long bytes(ModelConfig model) {
    return 24L * cut(model).parameters();
  }

  private void trained(int headRows) {
    workspace.reset();
    int[] last = new int[headRows];
    Arrays.setAll(last, i -> rows - headRows + i);
    PackedTokens tokens = PackedTokens.of(new int[rows], Segments.ofLengths(lengths()));
    Scored scored = layers.score(tokens, last, new int[headRows], 1, workspace);
    layers.backward(scored, new float[headRows], new float[headRows], workspace);
  }

  /** Of sequences that make {@link #rows} together and have the positions for it. */
  private int[] lengths() {
    int most = Math.min(FEWEST_ROWS, cut.maxPositions());
    int[] lengths = new int[Math.ceilDiv(rows, most)];
    Arrays.setAll(lengths, i -> Math.min(most, rows - i * most));
    return lengths;
  }

  /** Seconds of one decoding step with so many sequences, all layers and the head. */
  private double decoded(int sequences) {
    int pageSize;
    try (KvCache probe = layers.kvCache(1)) {
      pageSize = probe.pageSize();
    }
    int decoded = Math.min(DECODED, cut.maxPositions());
    int pages = Math.ceilDiv(decoded, pageSize);
    try (KvCache cache = layers.kvCache(sequences * pages)) {
      double[] hidden = {Double.MAX_VALUE};
      double[] head = {Double.MAX_VALUE};
      long warm = System.nanoTime() + (long) (WARM_UP_SECONDS / 2 * 1e9);
      for (int i = 0; i < decoded || System.nanoTime() < warm; i++) {
        workspace.reset();
        int at = i % decoded;
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
        long end = System.nanoTime();
        hidden[0] = Math.min(hidden[0], (middle - start) * 1e-9);
        head[0] = Math.min(head[0], (end - middle) * 1e-9);
      }
      return hidden[0] / cut.layers() * model.layers() + head[0];
    }
  }

  /** Seconds of a step whose completions are as long as they may be. */
  double seconds(StageLoad load) {
    double rows = load.rows();
    // Forward is a third of forward and backward; a reference goes forward only.
    double pass = rows * model.layers() * layerSeconds + load.headRows() * headSeconds;
    double seconds = pass * (load.passes() + (load.reference() ? 1.0 / 3 : 0));
    seconds += optimizerSeconds * load.passes();
    if (load.inFlight() > 0) {
      double rounds = (double) load.completions() / load.together();
      seconds += rounds * load.completion() * decoded(load.together());
      seconds += load.groups() * load.prompt() * model.layers() * layerSeconds / 3;
    }
    return seconds;
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
