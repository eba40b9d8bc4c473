package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;

import io.whetstone.tensor.Sampling;
import io.whetstone.tensor.Tensor;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/** Draws tokens from rows of logits, as {@link Sampling} says. */
final class TokenSampler {
  /** Weights whose sum is known when a draw looks for its token. */
  private static final int BLOCK = 1024;

  private static final int TASKS_PER_THREAD = 4;

  private final Workers workers;
  private Row[] prepared = {};

  TokenSampler(Workers workers) {
    this.workers = workers;
  }

  void sample(Tensor logits, Sampling[] rows, double[] uniforms, int[] tokens, float[] logprobs) {
    int vocabulary = logits.columns();
    int tasks = Math.min(rows.length, workers.threads() * TASKS_PER_THREAD);
    prepare(tasks, vocabulary);
    workers.run(
        tasks,
        task -> {
          Row row = prepared[task];
          int last = (int) ((long) rows.length * (task + 1) / tasks);
          for (int r = (int) ((long) rows.length * task / tasks); r < last; r++) {
            row.read(Memory.address(logits) + 4L * vocabulary * r, rows[r]);
            if (!Float.isFinite(row.softmax.logSumExp())) {
              throw new IllegalArgumentException("logits: row " + r + " is not finite");
            }
            tokens[r] = row.draw(rows[r], uniforms[r]);
            logprobs[r] = row.softmax.logprob(Memory.get(row.logits + 4L * tokens[r]));
          }
        });
  }

  /** A row's room for each task; kept, since a vocabulary is large. */
  private void prepare(int tasks, int vocabulary) {
    if (prepared.length < tasks) {
      prepared = Arrays.copyOf(prepared, tasks);
    }
    for (int task = 0; task < tasks; task++) {
      if (prepared[task] == null || prepared[task].values.length != vocabulary) {
        prepared[task] = new Row(vocabulary);
      }
    }
  }

  /** One row's numbers: weights exp(z − max), then 0 for what is filtered out. */
  private static final class Row {
    private final LogSoftmax softmax;
    private final float[] values;
    private final double[] blockSums;
    private final TokenFilter filter;
    private long logits;

    Row(int vocabulary) {
      softmax = new LogSoftmax();
      values = new float[vocabulary];
      blockSums = new double[(vocabulary + BLOCK - 1) / BLOCK];
      filter = new TokenFilter(values);
    }

    void read(long logits, Sampling sampling) {
      this.logits = logits;
      softmax.read(logits, values.length, sampling.logprobTemperature());
    }

    int draw(Sampling sampling, double uniform) {
      float factor = LogSoftmax.inverse(sampling.logprobTemperature());
      float max =
          sampling.suppressed().length == 0 ? softmax.maximum() : maximumOfOthers(sampling, factor);
      if (sampling.temperature() == 0) {
        return firstOf(max, sampling);
      }
      exponentiate(factor, max);
      for (int token : sampling.suppressed()) {
        values[token] = 0;
      }
      double total = sum();
      if (sampling.topK() > 0 || sampling.topP() < 1 || sampling.minP() > 0) {
        filter.apply(sampling, total);
        total = sum();
      }
      return firstBeyond(uniform * total);
    }

    /** The largest z of what is not suppressed. */
    private float maximumOfOthers(Sampling sampling, float factor) {
      for (int v = 0; v < values.length; v++) {
        values[v] = Memory.get(logits + 4L * v) * factor;
      }
      for (int token : sampling.suppressed()) {
        values[token] = Float.NEGATIVE_INFINITY;
      }
      float max = Float.NEGATIVE_INFINITY;
      for (float value : values) {
        max = Math.max(max, value);
      }
      return max;
    }

    /** At temperature 0, where z is the logit. */
    private int firstOf(float value, Sampling sampling) {
      int v = 0;
      while (Memory.get(logits + 4L * v) != value || suppresses(sampling, v)) {
        v++;
      }
      return v;
    }

    private static boolean suppresses(Sampling sampling, int token) {
      for (int suppressed : sampling.suppressed()) {
        if (suppressed == token) {
          return true;
        }
      }
      return false;
    }

    private void exponentiate(float factor, float max) {
      int v = 0;
      for (; v <= values.length - LANES; v += LANES) {
        FloatVector below = Memory.load(logits + 4L * v).mul(factor).sub(max);
        VectorMath.exp(below).intoArray(values, v);
      }
      for (; v < values.length; v++) {
        values[v] = VectorMath.exp(Memory.get(logits + 4L * v) * factor - max);
      }
    }

    /** The weights' sum in double, block by block; a block's is four interleaved sums. */
    private double sum() {
      double total = 0;
      for (int block = 0; block < blockSums.length; block++) {
        int to = Math.min((block + 1) * BLOCK, values.length);
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int v = block * BLOCK;
        for (; v <= to - 4; v += 4) {
          a += values[v];
          b += values[v + 1];
          c += values[v + 2];
          d += values[v + 3];
        }
        for (; v < to; v++) {
          a += values[v];
        }
        blockSums[block] = a + b + (c + d);
        total += blockSums[block];
      }
      return total;
    }

    /** The first token whose cumulative weight exceeds this; rounding may ask for the last one. */
    private int firstBeyond(double threshold) {
      double cumulative = 0;
      int block = 0;
      while (block < blockSums.length - 1 && cumulative + blockSums[block] <= threshold) {
        cumulative += blockSums[block++];
      }
      for (int v = block * BLOCK; v < values.length; v++) {
        cumulative += values[v];
        if (values[v] > 0 && cumulative > threshold) {
          return v;
        }
      }
      int last = values.length - 1;
      while (values[last] == 0) {
        last--;
      }
      return last;
    }
  }
}
