package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.SPECIES;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** Logprobs and entropies of tokens under the head, in chunks of rows. */
final class TokenLogprobs {
  /** What a chunk's logits take, where that is enough rows: they stay in the cache. */
  private static final long CHUNK_BYTES = 2 << 20;

  /** What the logits of a part of the vocabulary take at most in the backward. */
  private static final long GRADIENT_BYTES = 16 << 20;

  private static final int FEWEST_ROWS = 64;
  private static final int MOST_ROWS = 4096;

  /** Rows from which on the products of a backward gain nothing more. */
  private static final int GRADIENT_ROWS = 512;

  private final Workers workers;
  private final Gemm gemm;
  private final Scratch logits = new Scratch();
  private final Scratch gradients = new Scratch();

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
    int vocabulary = head.out();
    int chunk = chunkRows(vocabulary);
    long z = logits.reserve(4L * vocabulary * Math.min(chunk, x.rows()));
    for (int start = 0; start < x.rows(); start += chunk) {
      int first = start;
      int rows = Math.min(chunk, x.rows() - first);
      long xs = Memory.address(x) + (long) head.dtype().bytes() * head.in() * first;
      head.forward(xs, rows, z, Result.F32);
      Ranges.run(
          workers,
          rows,
          8L * vocabulary,
          1,
          (from, to) -> {
            LogSoftmax row = new LogSoftmax(vocabulary);
            for (int r = from; r < to; r++) {
              SoftCap.apply(z + 4L * vocabulary * r, vocabulary, softCap);
              row.read(z + 4L * vocabulary * r, temperature);
              long at = 4L * (first + r);
              Memory.set(Memory.address(logprobs) + at, row.logprob(targets[first + r]));
              Memory.set(Memory.address(entropy) + at, row.entropy());
              Memory.set(Memory.address(logSumExp) + at, row.logSumExp());
            }
          });
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
    int chunk = gradientRows(widest);
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
        long dw = Memory.address(dHead) + 4L * hidden * token;
        gemm.backwardWeight(head.dtype(), xs, dz, rows, hidden, width, dw);
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
  private static int chunkRows(int vocabulary) {
    return Math.clamp(CHUNK_BYTES / (4L * vocabulary), FEWEST_ROWS, MOST_ROWS);
  }

  /** More than fit the cache where the head's part is wide: its weight and gradient are wider. */
  private static int gradientRows(int part) {
    return Math.max(
        chunkRows(part), Math.clamp(GRADIENT_BYTES / (4L * part), FEWEST_ROWS, GRADIENT_ROWS));
  }
}
