package io.whetstone.cuda;

import io.whetstone.tensor.Sampling;
import io.whetstone.tensor.Tensor;

/** Draws tokens from rows of logits, as {@link Sampling} says; see sampling.cu. */
final class TokenSampler {
  private static final String FILE = "sampling.cu";

  /** Weights whose sum is known when a draw looks for its token, and threads that sum them. */
  private static final int WEIGHT_BLOCK = 1024;

  private static final int WEIGHT_LANES = 4;

  private static final int STATE_BYTES = 24;

  private static final int ID_THREADS = 128;

  /** Keys that are sorted at once for rows that filter: 256 MiB of them. */
  private static final long MOST_KEYS = 1 << 25;

  private final Gpu gpu;

  /** Of {@link #sample}. */
  private final CudaTokens sampled;

  TokenSampler(Gpu gpu) {
    this.gpu = gpu;
    sampled = new CudaTokens(gpu);
  }

  /** Draws, and waits. */
  void sample(Tensor logits, Sampling[] rows, double[] uniforms, int[] tokens, float[] logprobs) {
    sampled.reset();
    draw(logits, rows, uniforms, sampled);
    for (int r = 0; r < rows.length; r++) {
      tokens[r] = sampled.token(r);
      logprobs[r] = sampled.logprob(r);
    }
  }

  /** Queues a draw. */
  void draw(Tensor logits, Sampling[] rows, double[] uniforms, CudaTokens drawn) {
    int count = rows.length;
    long results = drawn.room(count);
    if (count == 0) {
      return;
    }
    int vocabulary = logits.columns();
    int threads = vocabulary <= 2 * WEIGHT_BLOCK ? 32 : 256;
    int softmaxBlocks = Math.ceilDiv(vocabulary, TokenLogprobs.BLOCK);
    int weightBlocks = Math.ceilDiv(vocabulary, WEIGHT_BLOCK);
    Settings settings = Settings.of(rows);

    long summed = (long) count * softmaxBlocks;
    long sums = gpu.temporaries().reserve("sampling: blocks", 20 * summed);
    long weighted = sums + 8 * summed;
    long maxes = weighted + 8 * summed;
    long states = gpu.temporaries().reserve("sampling: rows", STATE_BYTES * (long) count);
    long blockSums = gpu.temporaries().reserve("sampling: weights", 8L * count * weightBlocks);
    long settingsAt = gpu.control().ints(settings.rows.array(), settings.rows.size());

    kernel("samplingBlocks", logits)
        .integer(count)
        .integer(vocabulary)
        .pointer(settingsAt)
        .pointer(sums)
        .pointer(weighted)
        .pointer(maxes)
        .launch(
            Math.toIntExact(
                Math.ceilDiv(summed * TokenLogprobs.LANES, (long) TokenLogprobs.THREADS)),
            TokenLogprobs.THREADS);
    gpu.kernel(FILE, "samplingRows")
        .begin()
        .integer(count)
        .integer(vocabulary)
        .pointer(sums)
        .pointer(weighted)
        .pointer(maxes)
        .pointer(states)
        .launch(Math.ceilDiv(count, 32), 32);
    long masks = 0;
    if (settings.masks > 0) {
      long words = Math.ceilDiv(vocabulary, 32);
      masks = gpu.temporaries().reserve("sampling: suppressed", 4 * words * settings.masks);
      kernel("samplingSuppress", logits)
          .integer(vocabulary)
          .pointer(settingsAt)
          .pointer(gpu.control().ints(settings.suppressed.array(), settings.suppressed.size()))
          .pointer(masks)
          .pointer(states)
          .launch(count, threads);
    }
    if (settings.draws) {
      sumWeights(logits, count, settingsAt, masks, states, false, blockSums);
    }
    if (settings.filtered.size() > 0) {
      filter(logits, settings, settingsAt, masks, blockSums, states, threads);
      sumWeights(logits, count, settingsAt, masks, states, true, blockSums);
    }
    kernel("samplingChoose", logits)
        .integer(vocabulary)
        .pointer(settingsAt)
        .pointer(gpu.control().doubles(uniforms))
        .pointer(masks)
        .pointer(blockSums)
        .pointer(maxes)
        .pointer(states)
        .pointer(results)
        .launch(count, threads);
    drawn.add(count, vocabulary);
  }

  /** The device address of ids: those given, with the tokens that are drawn in their places. */
  long ids(int[] given, CudaTokens drawn) {
    long ids = gpu.temporaries().reserve("ids of drawn tokens", 4L * given.length);
    gpu.kernel(FILE, "drawnIds")
        .begin()
        .pointer(gpu.control().ints(given))
        .integer(given.length)
        .pointer(drawn.results())
        .pointer(ids)
        .launch(Math.ceilDiv(given.length, ID_THREADS), ID_THREADS);
    return ids;
  }

  private void sumWeights(
      Tensor logits,
      int count,
      long settings,
      long masks,
      long states,
      boolean filtered,
      long blockSums) {
    long lanes = (long) count * Math.ceilDiv(logits.columns(), WEIGHT_BLOCK) * WEIGHT_LANES;
    kernel("samplingSums", logits)
        .integer(count)
        .integer(logits.columns())
        .pointer(settings)
        .pointer(masks)
        .pointer(states)
        .integer(filtered ? 1 : 0)
        .pointer(blockSums)
        .launch(Math.toIntExact(Math.ceilDiv(lanes, 64L)), 64);
  }

  private void filter(
      Tensor logits,
      Settings settings,
      long settingsAt,
      long masks,
      long blockSums,
      long states,
      int threads) {
    // The sort pads to a power of two.
    long keys = Math.max(2, Long.highestOneBit(2L * logits.columns() - 1));
    int atOnce = Math.clamp(MOST_KEYS / keys, 1, settings.filtered.size());
    long scratch = gpu.temporaries().reserve("sampling: sorted", 8 * keys * atOnce);
    long list = gpu.control().ints(settings.filtered.array(), settings.filtered.size());
    for (int first = 0; first < settings.filtered.size(); first += atOnce) {
      kernel("samplingFilter", logits)
          .integer(logits.columns())
          .pointer(list + 4L * first)
          .pointer(settingsAt)
          .pointer(masks)
          .pointer(blockSums)
          .pointer(states)
          .pointer(scratch)
          .longInteger(keys)
          .launch(Math.min(atOnce, settings.filtered.size() - first), threads);
    }
  }

  private Kernel kernel(String name, Tensor logits) {
    return gpu.kernel(FILE, name).begin().tensor(logits);
  }

  void close() {
    sampled.close();
  }

  /**
   * Rows' settings as ints, in the order of sampling.cu's.
   *
   * @param rows factor, top-p, min-p, top-k, mask or −1, suppressed from and to, greedy
   * @param suppressed all rows' suppressed tokens
   * @param filtered the rows with top-k, top-p or min-p
   * @param masks rows that suppress
   * @param draws whether a row is not greedy
   */
  private record Settings(Ints rows, Ints suppressed, Ints filtered, int masks, boolean draws) {
    static Settings of(Sampling[] sampling) {
      Ints rows = new Ints();
      Ints suppressed = new Ints();
      Ints filtered = new Ints();
      int masks = 0;
      boolean draws = false;
      for (int r = 0; r < sampling.length; r++) {
        Sampling row = sampling[r];
        boolean greedy = row.temperature() == 0;
        int from = suppressed.size();
        suppressed.add(row.suppressed());
        rows.add(
            Float.floatToRawIntBits(1 / row.logprobTemperature()),
            Float.floatToRawIntBits(row.topP()),
            Float.floatToRawIntBits(row.minP()),
            row.topK(),
            suppressed.size() > from ? masks++ : -1,
            from,
            suppressed.size(),
            greedy ? 1 : 0);
        draws |= !greedy;
        if (!greedy && (row.topK() > 0 || row.topP() < 1 || row.minP() > 0)) {
          filtered.add(r);
        }
      }
      return new Settings(rows, suppressed, filtered, masks, draws);
    }
  }
}
