package io.whetstone.tensor.conformance;

import io.whetstone.tensor.AttentionForm;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.Segments;
import java.util.Arrays;
import java.util.stream.IntStream;

/** Causal grouped-query attention over packed sequences, in double precision. */
final class ReferenceAttention {
  private final double[] fused;
  private final Heads heads;
  private final Segments segments;
  private final AttentionForm form;

  ReferenceAttention(double[] fused, Heads heads, Segments segments, AttentionForm form) {
    this.fused = fused;
    this.heads = heads;
    this.segments = segments;
    this.form = form;
  }

  /** out [T, queries · size] and logSumExp [T, queries]. */
  record Forward(Expected out, Expected logSumExp) {}

  /** The rows that a row of segment s sees: the prefix, then its own segment up to itself. */
  static int[] visible(Segments segments, int s, int row) {
    return IntStream.concat(
            IntStream.range(segments.prefixStart()[s], segments.prefixEnd()[s]),
            IntStream.rangeClosed(segments.start()[s], row))
        .toArray();
  }

  /** Of these, those that the form's window lets the last one see. */
  private int[] inWindow(int[] rows) {
    int from = form.window() == 0 ? 0 : Math.max(0, rows.length - form.window());
    return Arrays.copyOfRange(rows, from, rows.length);
  }

  Forward forward() {
    Expected out = new Expected(segments.rows() * heads.outputColumns());
    Expected logSumExp = new Expected(segments.rows() * heads.queries());
    for (int s = 0; s < segments.count(); s++) {
      for (int row = segments.start()[s]; row < segments.end()[s]; row++) {
        for (int head = 0; head < heads.queries(); head++) {
          Weights weights = weights(inWindow(visible(segments, s, row)), row, head);
          logSumExp.add(row * heads.queries() + head, weights.logSumExp, weights.rounding);
          for (int j = 0; j < weights.rows.length; j++) {
            for (int c = 0; c < heads.size(); c++) {
              double term = weights.p[j] * fused[value(weights.rows[j], head) + c];
              out.add(
                  row * heads.outputColumns() + head * heads.size() + c,
                  term,
                  Math.abs(term) * weights.rounding);
            }
          }
        }
      }
    }
    return new Forward(out, logSumExp);
  }

  /**
   * With δ[j] = dOut · v[j] and Δ = dOut · out, which is Σ_j p[j] δ[j]: dS[j] = p[j] (δ[j] − Δ) (1
   * − (s[j] / cap)²), dq = scale Σ_j dS[j] k[j], dk[j] = scale dS[j] q, dv[j] = p[j] dOut, summed
   * over the rows and heads that read them.
   *
   * @param out the forward's result as it was stored, which may be rounded
   */
  Expected backward(double[] dOut, double[] out) {
    Expected dFused = new Expected(fused.length);
    for (int s = 0; s < segments.count(); s++) {
      for (int row = segments.start()[s]; row < segments.end()[s]; row++) {
        for (int head = 0; head < heads.queries(); head++) {
          backward(dOut, out, inWindow(visible(segments, s, row)), row, head, dFused);
        }
      }
    }
    return dFused;
  }

  private void backward(
      double[] dOut, double[] out, int[] rows, int row, int head, Expected dFused) {
    Weights weights = weights(rows, row, head);
    int query = query(row, head);
    int output = row * heads.outputColumns() + head * heads.size();
    double[] delta = new double[rows.length];
    double[] deltaTerms = new double[rows.length];
    double mean = 0;
    double meanTerms = 0;
    for (int j = 0; j < rows.length; j++) {
      for (int c = 0; c < heads.size(); c++) {
        double term = dOut[output + c] * fused[value(rows[j], head) + c];
        delta[j] += term;
        deltaTerms[j] += Math.abs(term);
      }
      meanTerms += weights.p[j] * deltaTerms[j];
    }
    for (int c = 0; c < heads.size(); c++) {
      mean += dOut[output + c] * out[output + c];
    }
    for (int j = 0; j < rows.length; j++) {
      double dS = form.scale() * weights.p[j] * (delta[j] - mean) * weights.flat[j];
      double dSTerms = form.scale() * weights.p[j] * (deltaTerms[j] + meanTerms) * weights.rounding;
      for (int c = 0; c < heads.size(); c++) {
        int key = key(rows[j], head) + c;
        double dV = weights.p[j] * dOut[output + c];
        dFused.add(query + c, dS * fused[key], dSTerms * Math.abs(fused[key]));
        dFused.add(key, dS * fused[query + c], dSTerms * Math.abs(fused[query + c]));
        dFused.add(value(rows[j], head) + c, dV, Math.abs(dV) * weights.rounding);
      }
    }
  }

  /**
   * The softmax of one row and head.
   *
   * @param flat for each position, the slope of the cap, 1 without one
   * @param rounding by how much more than a plain product the softmax may be off: an exponent
   *     rounded on the scale of its terms is a factor as far from one
   */
  private record Weights(
      int[] rows, double[] p, double[] flat, double logSumExp, double rounding) {}

  private Weights weights(int[] rows, int row, int head) {
    double[] logits = new double[rows.length];
    double[] flat = new double[rows.length];
    double largest = Double.NEGATIVE_INFINITY;
    double largestTerms = 0;
    for (int j = 0; j < rows.length; j++) {
      double terms = 0;
      for (int c = 0; c < heads.size(); c++) {
        double term = form.scale() * fused[query(row, head) + c] * fused[key(rows[j], head) + c];
        logits[j] += term;
        terms += Math.abs(term);
      }
      double tanh = form.capped() ? Math.tanh(logits[j] / form.softCap()) : 0;
      flat[j] = 1 - tanh * tanh;
      logits[j] = form.capped() ? form.softCap() * tanh : logits[j];
      largest = Math.max(largest, logits[j]);
      largestTerms = Math.max(largestTerms, terms);
    }
    double sum = 0;
    for (double logit : logits) {
      sum += Math.exp(logit - largest);
    }
    double[] p = new double[rows.length];
    for (int j = 0; j < rows.length; j++) {
      p[j] = Math.exp(logits[j] - largest) / sum;
    }
    return new Weights(rows, p, flat, largest + Math.log(sum), 1 + largestTerms / 16);
  }

  private int query(int row, int head) {
    return row * heads.fusedColumns() + head * heads.size();
  }

  private int key(int row, int head) {
    int shared = heads.queries() + head / heads.group();
    return row * heads.fusedColumns() + shared * heads.size();
  }

  private int value(int row, int head) {
    return key(row, head) + heads.keyValues() * heads.size();
  }
}
