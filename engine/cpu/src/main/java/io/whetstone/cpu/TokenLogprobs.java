package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.SPECIES;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Logprobs and entropies of tokens under the head, in chunks of rows, by parts of its vocabulary.
 */
final class TokenLogprobs {
  /** A chunk has as many rows as keep its logits of a part of the vocabulary in this much cache. */
  private static final long CACHE_BYTES = 2 << 20;

  /** But more where those are few: a head's weight and gradient are read and written for each. */
  private static final long CHUNK_BYTES = 16 << 20;

  /** Rows from which on products gain nothing more. */
  private static final int ENOUGH_ROWS = 512;

  private static final int FEWEST_ROWS = 64;
  private static final int MOST_ROWS = 4096;

  private final Workers workers;
  private final Gemm gemm;
  private final Scratch logits = new Scratch();
  private final Scratch gradients = new Scratch();
  private LogSoftmax[] rows = {};

  TokenLogprobs(Workers workers, Gemm gemm) {
    this.workers = workers;
    this.gemm = gemm;
  }

  void tokenLogprobs(
      Gemm.Weight head,
      Tensor x,
      int[] targets,
      float softCap,
      float temperature,
      Tensor logprobs,
      Tensor entropy,
      Tensor logSumExp) {
    int widest = head.firstOutput(1);
    int chunk = chunkRows(widest);
    int most = Math.min(chunk, x.rows());
    long z = logits.reserve(4L * widest * most);
    prepare(most);
    for (int start = 0; start < x.rows(); start += chunk) {
      int first = start;
      int count = Math.min(chunk, x.rows() - first);
      long xs = Memory.address(x) + (long) head.dtype().bytes() * head.in() * first;
      for (int part = 0; part < head.parts(); part++) {
        int token = head.firstOutput(part);
        int width = head.firstOutput(part + 1) - token;
        boolean last = part == head.parts() - 1;
        head.forward(part, xs, count, z, width, Result.F32);
        Ranges.run(
            workers,
            count,
            8L * width,
            1,
            (from, to) -> {
              for (int r = from; r < to; r++) {
                long row = z + 4L * width * r;
                SoftCap.apply(row, width, softCap);
                if (token == 0) {
                  rows[r].start(temperature);
                }
                rows[r].add(row, width);
                long at = 4L * (first + r);
                int target = targets[first + r] - token;
                if (target >= 0 && target < width) {
                  Memory.set(Memory.address(logprobs) + at, Memory.get(row + 4L * target));
                }
                if (last) {
                  rows[r].finish();
                  float logit = Memory.get(Memory.address(logprobs) + at);
                  Memory.set(Memory.address(logprobs) + at, rows[r].logprob(logit));
                  Memory.set(Memory.address(entropy) + at, rows[r].entropy());
                  Memory.set(Memory.address(logSumExp) + at, rows[r].logSumExp());
                }
              }
            });
      }
    }
  }

  private void prepare(int count) {
    int had = rows.length;
    if (had < count) {
      rows = Arrays.copyOf(rows, count);
      for (int r = had; r < count; r++) {
        rows[r] = new LogSoftmax();
      }
    }
  }

  /**
   * The logits are computed again, for some rows and a part of the vocabulary at a time: keeping
   * them would take T × V numbers.
   */
  void tokenLogprobsBackward(
      Gemm.Weight head,
      Tensor x,
      int[] targets,
      float softCap,
      float temperature,
      Tensor entropy,
      Tensor logSumExp,
      float[] dLogprobs,
      float[] dEntropy,
      Tensor dx,
      Tensor dHead) {
    int hidden = head.in();
    int widest = head.firstOutput(1);
    int chunk = chunkRows(widest);
    boolean rounded = head.dtype() == DType.BF16;
    long size = (long) widest * Math.min(chunk, x.rows());
    long z = logits.reserve(4 * size);
    long dz = rounded ? gradients.reserve(2 * size) : z;
    for (int start = 0; start < x.rows(); start += chunk) {
      int first = start;
      int rows = Math.min(chunk, x.rows() - first);
      long xs = Memory.address(x) + (long) head.dtype().bytes() * hidden * first;
      for (int part = 0; part < head.parts(); part++) {
        int token = head.firstOutput(part);
        int width = head.firstOutput(part + 1) - token;
        head.forward(part, xs, rows, z, width, Result.F32);
        Ranges.run(
            workers,
            rows,
            8L * width,
            1,
            (from, to) -> {
              for (int r = from; r < to; r++) {
                long row = z + 4L * width * r;
                long at = 4L * (first + r);
                float lse = Memory.get(Memory.address(logSumExp) + at);
                float h = Memory.get(Memory.address(entropy) + at);
                float dLogprob = dLogprobs[first + r];
                float inverse = LogSoftmax.inverse(temperature);
                int target = targets[first + r] - token;
                boolean within = target >= 0 && target < width;
                float slope = within ? SoftCap.slope(Memory.get(row + 4L * target), softCap) : 0;
                if (softCap > 0) {
                  cappedGradient(
                      row, width, softCap, inverse, lse, h, dLogprob, dEntropy[first + r]);
                } else {
                  gradient(row, width, inverse, lse, h, dLogprob, dEntropy[first + r]);
                }
                if (within) {
                  float others = Memory.get(row + 4L * target);
                  Memory.set(row + 4L * target, others + dLogprob * inverse * slope);
                }
                if (rounded) {
                  Bfloat16.round(row, dz + 2L * width * r, width);
                }
              }
            });
        Result result = part == 0 ? Result.F32 : Result.F32_ADDED;
        head.backwardInput(part, dz, rows, Memory.address(dx) + 4L * hidden * first, result);
        if (dHead != null) {
          long dw = Memory.address(dHead) + 4L * hidden * token;
          gemm.backwardWeight(head.dtype(), xs, dz, rows, hidden, width, dw);
        }
      }
    }
  }

  /** Logits become −(1/temperature) · p · (dLogprob + dEntropy · (log p + entropy)). */
  private static void gradient(
      long row, int n, float inverse, float lse, float entropy, float dLogprob, float dEntropy) {
    int v = 0;
    for (; v <= n - LANES; v += LANES) {
      FloatVector logP = Memory.load(row + 4L * v).mul(inverse).sub(lse);
      FloatVector factor = logP.add(entropy).mul(dEntropy).add(dLogprob).mul(-inverse);
      Memory.store(VectorMath.exp(logP).mul(factor), row + 4L * v);
    }
    for (; v < n; v++) {
      float logP = Memory.get(row + 4L * v) * inverse - lse;
      float factor = ((logP + entropy) * dEntropy + dLogprob) * -inverse;
      Memory.set(row + 4L * v, VectorMath.exp(logP) * factor);
    }
  }

  /** The same of logits that were capped, from what they were before. */
  private static void cappedGradient(
      long row,
      int n,
      float cap,
      float inverse,
      float lse,
      float entropy,
      float dLogprob,
      float dEntropy) {
    for (int v = 0; v < n; v += LANES) {
      VectorMask<Float> mask = SPECIES.indexInRange(v, n);
      FloatVector ratio = SoftCap.ratio(Memory.load(row + 4L * v, mask), cap);
      FloatVector logP = ratio.mul(cap).mul(inverse).sub(lse);
      FloatVector factor = logP.add(entropy).mul(dEntropy).add(dLogprob).mul(-inverse);
      FloatVector slope = SoftCap.slope(ratio);
      Memory.store(VectorMath.exp(logP).mul(factor).mul(slope), row + 4L * v, mask);
    }
  }

  /** A function of the vocabulary alone, since it cuts the sums of the head's gradient. */
  private static int chunkRows(int part) {
    int enough = Math.clamp(CHUNK_BYTES / (4L * part), FEWEST_ROWS, ENOUGH_ROWS);
    return Math.clamp(CACHE_BYTES / (4L * part), enough, MOST_ROWS);
  }
}
