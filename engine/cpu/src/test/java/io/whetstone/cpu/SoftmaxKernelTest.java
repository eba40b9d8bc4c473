package io.whetstone.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.tensor.AttentionForm;
import io.whetstone.tensor.Philox;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Against double precision, and one implementation against the other to the bit. */
class SoftmaxKernelTest {
  private static final int ORIGIN = 32;
  private static final int STOP = 112;
  private static final int STEP = 128;
  private static final int ROWS = 40;

  static List<AttentionForm> forms() {
    return List.of(
        AttentionForm.scaled(0.3f), new AttentionForm(0.5f, 4, 0), AttentionForm.scaled(-0.2f));
  }

  private static int first(int row) {
    return row % 3 == 0 ? ORIGIN + 7 * row % 60 : ORIGIN + row % 2 * 20;
  }

  private static int end(int row) {
    return Math.min(STOP, first(row) + 1 + row * row % 70);
  }

  @ParameterizedTest
  @MethodSource("forms")
  void rowsBecomeWeights(AttentionForm form) {
    float[] got = softmax(form, SoftmaxKernel.forThisMachine());
    AttentionTest.assertBits(softmax(form, new SoftmaxVectors()), got);
    for (int i = 0; i < ROWS; i++) {
      double max = Double.NEGATIVE_INFINITY;
      for (int j = first(i); j < end(i); j++) {
        max = Math.max(max, logit(form, i, j));
      }
      double sum = 0;
      for (int j = first(i); j < end(i); j++) {
        sum += Math.exp(logit(form, i, j) - max);
      }
      for (int j = ORIGIN; j < STOP; j++) {
        double p = j < first(i) || j >= end(i) ? 0 : Math.exp(logit(form, i, j) - max);
        assertEquals(p, got[STEP * i + j - ORIGIN], 1e-5 * p, "row " + i + ", position " + j);
      }
      assertEquals(1 / sum, got[STEP * ROWS + 2 * i], 1e-5);
      assertEquals(Math.log(sum) + max, got[STEP * ROWS + 2 * i + 1], 1e-5);
    }
  }

  @ParameterizedTest
  @MethodSource("forms")
  void rowsBecomeGradients(AttentionForm form) {
    float[][] got = gradients(form, SoftmaxKernel.forThisMachine());
    float[][] other = gradients(form, new SoftmaxVectors());
    AttentionTest.assertBits(other[0], got[0]);
    AttentionTest.assertBits(other[1], got[1]);
    for (int i = 0; i < ROWS; i++) {
      for (int j = ORIGIN; j < STOP; j++) {
        boolean seen = j >= first(i) && j < end(i);
        double s = logit(form, i, j);
        double p = seen ? Math.exp(s - log(i)) : 0;
        double bend = form.capped() ? 1 - Math.pow(s / form.softCap(), 2) : 1;
        double slope = form.scale() * p * (number(2, i, j) - mean(i)) * bend;
        assertEquals(p, got[0][STEP * i + j - ORIGIN], 1e-5 * p);
        assertEquals(slope, got[1][STEP * i + j - ORIGIN], 1e-5 * (Math.abs(slope) + p));
      }
    }
  }

  private static double logit(AttentionForm form, int i, int j) {
    double s = form.scale() * number(1, i, j);
    return form.capped() ? form.softCap() * Math.tanh(s / form.softCap()) : s;
  }

  private static float number(int key, int i, int j) {
    return (float) (3 * Philox.normal(key, (long) STEP * i + j - ORIGIN));
  }

  /** More than any logit. */
  private static float log(int i) {
    return 12 + i;
  }

  private static float mean(int i) {
    return i / 10f;
  }

  private static float[] softmax(AttentionForm form, SoftmaxKernel kernel) {
    SoftmaxRows rows = new SoftmaxRows(ROWS, kernel);
    try (Allocation s = numbers(1)) {
      for (int i = 0; i < ROWS; i++) {
        rows.row(i, s.address() + 4L * STEP * i, 0, ORIGIN, STOP, first(i), end(i));
      }
      rows.softmax(form, ROWS);
      float[] got = new float[STEP * ROWS + 2 * ROWS];
      read(1, s, got);
      for (int i = 0; i < ROWS; i++) {
        got[STEP * ROWS + 2 * i] = rows.inverse(i);
        got[STEP * ROWS + 2 * i + 1] = rows.logSumExp(i);
      }
      return got;
    }
  }

  private static float[][] gradients(AttentionForm form, SoftmaxKernel kernel) {
    SoftmaxRows rows = new SoftmaxRows(ROWS, kernel);
    float[] logs = new float[ROWS];
    float[] means = new float[ROWS];
    try (Allocation s = numbers(1);
        Allocation d = numbers(2)) {
      for (int i = 0; i < ROWS; i++) {
        long at = 4L * STEP * i;
        rows.row(i, s.address() + at, d.address() + at, ORIGIN, STOP, first(i), end(i));
        logs[i] = log(i);
        means[i] = mean(i);
      }
      rows.gradients(form, ROWS, logs, means);
      float[][] got = new float[2][STEP * ROWS];
      read(1, s, got[0]);
      read(2, d, got[1]);
      return got;
    }
  }

  /** Checks on the way that nothing behind a row was written. */
  private static void read(int key, Allocation from, float[] to) {
    for (int i = 0; i < STEP * ROWS; i++) {
      to[i] = Memory.get(from.address() + 4L * i);
      boolean behind = i % STEP >= STOP - ORIGIN;
      assertTrue(!behind || to[i] == number(key, i / STEP, i % STEP + ORIGIN), "element " + i);
    }
  }

  private static Allocation numbers(int key) {
    Allocation numbers = new Allocation(4L * STEP * ROWS, "test");
    for (int i = 0; i < STEP * ROWS; i++) {
      Memory.set(numbers.address() + 4L * i, number(key, i / STEP, i % STEP + ORIGIN));
    }
    return numbers;
  }
}
