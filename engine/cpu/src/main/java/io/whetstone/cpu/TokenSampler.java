package io.whetstone.cpu;

import static io.whetstone.cpu.Memory.LANES;
import static io.whetstone.cpu.Memory.SPECIES;

import io.whetstone.tensor.Sampling;
import io.whetstone.tensor.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** Draws tokens from rows of logits, as {@link Sampling} says. */
final class TokenSampler {
  /** Weights whose sum is known when a draw looks for its token. */
  private static final int BLOCK = 1024;

  private final Workers workers;

  TokenSampler(Workers workers) {
    this.workers = workers;
  }

  void sample(Tensor logits, Sampling[] rows, double[] uniforms, int[] tokens, float[] logprobs) {
    int vocabulary = logits.columns();
    Ranges.run(
        workers,
        rows.length,
        16L * vocabulary,
        1,
        (from, to) -> {
          LogSoftmax softmax = new LogSoftmax(vocabulary);
          Row row = new Row(vocabulary);
          for (int r = from; r < to; r++) {
            long address = Memory.address(logits) + 4L * vocabulary * r;
            float temperature = rows[r].logprobTemperature();
            softmax.read(address, temperature);
            if (!Float.isFinite(softmax.logSumExp())) {
              throw new IllegalArgumentException("logits: row " + r + " is not finite");
            }
            row.read(address, LogSoftmax.inverse(temperature));
            tokens[r] = row.draw(rows[r], uniforms[r]);
            logprobs[r] = softmax.logprob(tokens[r]);
          }
        });
  }

  /** One row's numbers: z, then weights exp(z − max), then 0 for what is filtered out. */
  private static final class Row {
    private final float[] values;
    private final double[] blockSums;
    private final TokenFilter filter;

    Row(int vocabulary) {
      values = new float[vocabulary];
      blockSums = new double[(vocabulary + BLOCK - 1) / BLOCK];
      filter = new TokenFilter(values);
    }

    void read(long logits, float factor) {
      int v = 0;
      for (; v <= values.length - LANES; v += LANES) {
        Memory.load(logits + 4L * v).mul(factor).intoArray(values, v);
      }
      for (; v < values.length; v++) {
        values[v] = Memory.get(logits + 4L * v) * factor;
      }
    }

    int draw(Sampling sampling, double uniform) {
      for (int token : sampling.suppressed()) {
        values[token] = Float.NEGATIVE_INFINITY;
      }
      float max = max();
      if (max == Float.NEGATIVE_INFINITY) {
        throw new IllegalArgumentException("sampling: every token is suppressed");
      }
      if (sampling.temperature() == 0) {
        return firstOf(max);
      }
      exponentiate(max);
      double total = sum();
      if (sampling.topK() > 0 || sampling.topP() < 1 || sampling.minP() > 0) {
        filter.apply(sampling, total);
        total = sum();
      }
      return firstBeyond(uniform * total);
    }

    private float max() {
      FloatVector largest = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
      int v = 0;
      for (; v <= values.length - LANES; v += LANES) {
        largest = largest.max(FloatVector.fromArray(SPECIES, values, v));
      }
      float max = largest.reduceLanes(VectorOperators.MAX);
      for (; v < values.length; v++) {
        max = Math.max(max, values[v]);
      }
      return max;
    }

    private int firstOf(float value) {
      int v = 0;
      while (values[v] != value) {
        v++;
      }
      return v;
    }

    private void exponentiate(float max) {
      int v = 0;
      for (; v <= values.length - LANES; v += LANES) {
        VectorMath.exp(FloatVector.fromArray(SPECIES, values, v).sub(max)).intoArray(values, v);
      }
      for (; v < values.length; v++) {
        values[v] = VectorMath.exp(values[v] - max);
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
