package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.SPECIES;

import io.whetstone.tensor.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** Logprobs and entropies of tokens under the head, in chunks of rows. */
final class TokenLogprobs {
  /** What a chunk's logits take, where that is enough rows: they stay in the cache. */
  private static final long CHUNK_BYTES = 2 << 20;

  private static final int FEWEST_ROWS = 64;
  private static final int MOST_ROWS = 4096;

  private final Workers workers;
  private final Gemm gemm;
  private final Scratch logits = new Scratch();

  TokenLogprobs(Workers workers, Gemm gemm) {
    this.workers = workers;
    this.gemm = gemm;
  }

  void tokenLogprobs(
      Gemm.Weight head,
      Tensor x,
      int[] targets,
      float temperature,
      Tensor logprobs,
      Tensor entropy,
      Tensor logSumExp) {
    int vocabulary = head.out();
    int chunk = chunkRows(vocabulary);
    long z = logits.reserve(4L * vocabulary * Math.min(chunk, x.rows()));
    for (int start = 0; start < x.rows(); start += chunk) {
      int first = start;
      int rows = Math.min(chunk, x.rows() - first);
      head.forward(Memory.address(x) + 4L * head.in() * first, rows, z, false);
      Ranges.run(
          workers,
          rows,
          8L * vocabulary,
          1,
          (from, to) -> {
            LogSoftmax row = new LogSoftmax(vocabulary);
            for (int r = from; r < to; r++) {
              row.read(z + 4L * vocabulary * r, temperature);
              long at = 4L * (first + r);
              Memory.set(Memory.address(logprobs) + at, row.logprob(targets[first + r]));
              Memory.set(Memory.address(entropy) + at, row.entropy());
              Memory.set(Memory.address(logSumExp) + at, row.logSumExp());
            }
          });
    }
  }

  /** The logits are computed again: keeping them would take T × V numbers. */
  void tokenLogprobsBackward(
      Gemm.Weight head,
      Tensor x,
      int[] targets,
      float temperature,
      Tensor entropy,
      Tensor logSumExp,
      float[] dLogprobs,
      float[] dEntropy,
      Tensor dx,
      Tensor dHead) {
    int vocabulary = head.out();
    int hidden = head.in();
    int chunk = chunkRows(vocabulary);
    long z = logits.reserve(4L * vocabulary * Math.min(chunk, x.rows()));
    for (int start = 0; start < x.rows(); start += chunk) {
      int first = start;
      int rows = Math.min(chunk, x.rows() - first);
      long xs = Memory.address(x) + 4L * hidden * first;
      head.forward(xs, rows, z, false);
      Ranges.run(
          workers,
          rows,
          8L * vocabulary,
          1,
          (from, to) -> {
            for (int r = from; r < to; r++) {
              long row = z + 4L * vocabulary * r;
              long at = 4L * (first + r);
              float lse = Memory.get(Memory.address(logSumExp) + at);
              float h = Memory.get(Memory.address(entropy) + at);
              float dLogprob = dLogprobs[first + r];
              float inverse = LogSoftmax.inverse(temperature);
              gradient(row, vocabulary, inverse, lse, h, dLogprob, dEntropy[first + r]);
              long target = row + 4L * targets[first + r];
              Memory.set(target, Memory.get(target) + dLogprob * inverse);
            }
          });
      head.backwardInput(z, rows, Memory.address(dx) + 4L * hidden * first, false);
      gemm.backwardWeight(xs, z, rows, hidden, vocabulary, Memory.address(dHead));
    }
  }

  /** Logits become −(1/temperature) · p · (dLogprob + dEntropy · (log p + entropy)). */
  private static void gradient(
      long row, int n, float inverse, float lse, float entropy, float dLogprob, float dEntropy) {
    for (int v = 0; v < n; v += LANES) {
      VectorMask<Float> mask = SPECIES.indexInRange(v, n);
      FloatVector logP = Memory.load(row + 4L * v, mask).mul(inverse).sub(lse);
      FloatVector factor = logP.add(entropy).mul(dEntropy).add(dLogprob).mul(-inverse);
      Memory.store(VectorMath.exp(logP).mul(factor), row + 4L * v, mask);
    }
  }

  /** A function of the vocabulary alone, since it cuts the sums of the head's gradient. */
  private static int chunkRows(int vocabulary) {
    return Math.clamp(CHUNK_BYTES / (4L * vocabulary), FEWEST_ROWS, MOST_ROWS);
  }
}
