package io.whetstone.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.tensor.AttentionForm;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.Philox;
import io.whetstone.tensor.Segments;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Heads larger than the conformance suite's, whose blocks are made otherwise. */
class WideHeadsTest {
  /** More keys than a tile. */
  private static final int ROWS = 75;

  private static final float SCALE = 0.1f;
  private static final int LEAST_SHARED_MEMORY = 99 << 10;

  private StandIn standIn;
  private Backend backend;
  private Workspace memory;

  @BeforeEach
  void open() {
    standIn = StandIn.fast();
    backend = new CudaBackendProvider().open(1);
    memory = backend.workspace("test");
  }

  @AfterEach
  void close() {
    if (backend != null) {
      memory.close();
      backend.close();
      assertEquals("", standIn.reports());
    }
  }

  @Test
  void ofSize152() {
    right(new Heads(2, 1, 152));
  }

  @Test
  @Tag("long")
  void ofOtherSizes() {
    right(new Heads(2, 1, 80));
    right(new Heads(2, 1, 128));
    right(new Heads(2, 2, 192));
    right(new Heads(2, 1, 254));
    right(new Heads(2, 1, 256));
  }

  /** A block of Ada's or of GeForce's Ampere and Blackwell may have 99 KiB, others 163 or more. */
  @Test
  void blocksFit() {
    for (int size = 2; size <= 256; size += 2) {
      HeadSize heads = HeadSize.of(new Heads(1, 1, size));
      for (DType type : new DType[] {DType.F32, DType.BF16}) {
        assertTrue(heads.wideBytes(type) <= LEAST_SHARED_MEMORY, size + " wide, " + type);
        assertTrue(heads.narrowBytes(type) <= LEAST_SHARED_MEMORY, size + " narrow, " + type);
        assertTrue(
            heads.queryGradientBytes(type) <= LEAST_SHARED_MEMORY, size + " queries, " + type);
        assertTrue(heads.keyGradientBytes(type) <= LEAST_SHARED_MEMORY, size + " keys, " + type);
      }
    }
  }

  @Test
  void largerOnesAreRefused() {
    Exception thrown =
        assertThrows(IllegalArgumentException.class, () -> HeadSize.of(new Heads(1, 1, 258)));
    assertTrue(thrown.getMessage().contains("258") && thrown.getMessage().contains("256"));
  }

  private void right(Heads heads) {
    for (DType type : new DType[] {DType.F32, DType.BF16}) {
      Segments segments = Segments.ofLengths(ROWS);
      AttentionForm form = AttentionForm.scaled(SCALE);
      Tensor fused = tensor(type, 1, heads.fusedColumns());
      Tensor out = memory.tensor(type, ROWS, heads.outputColumns());
      Tensor logs = memory.tensor(DType.F32, ROWS, heads.queries());
      backend.attention(fused, heads, segments, form, out, logs);
      Tensor dOut = tensor(type, 2, heads.outputColumns());
      Tensor dFused = memory.tensor(type, ROWS, heads.fusedColumns());
      backend.attentionBackward(dOut, fused, heads, segments, form, out, logs, dFused);
      float[] numbers = backend.readFloats(fused);
      float[] outs = backend.readFloats(out);
      float[] dOuts = backend.readFloats(dOut);
      Sums expectedOut = new Sums(outs.length);
      Sums expected = new Sums(numbers.length);
      for (int head = 0; head < heads.queries(); head++) {
        for (int row = 0; row < ROWS; row++) {
          addRow(heads, row, head, numbers, outs, dOuts, expectedOut, expected);
        }
      }
      String what = heads + ", " + type;
      expectedOut.check(what + ", out ", outs, type);
      expected.check(what + ", dFused ", backend.readFloats(dFused), type);
      memory.reset();
    }
  }

  /** Sums in double, and the sums of their terms' absolute values. */
  private record Sums(double[] values, double[] terms) {
    Sums(int size) {
      this(new double[size], new double[size]);
    }

    void add(int index, double term, double magnitude) {
      values[index] += term;
      terms[index] += Math.abs(magnitude);
    }

    void check(String what, float[] got, DType type) {
      for (int i = 0; i < got.length; i++) {
        double rounding = type == DType.BF16 ? 0x1p-8 * Math.abs(values[i]) : 0;
        assertEquals(values[i], got[i], rounding + 2e-5 * terms[i] + 1e-12, what + i);
      }
    }
  }

  /** Adds what a row and query head gives: formulas are with {@code Backend.attention}. */
  private static void addRow(
      Heads heads,
      int row,
      int head,
      float[] fused,
      float[] outs,
      float[] dOuts,
      Sums out,
      Sums dFused) {
    int size = heads.size();
    int columns = heads.fusedColumns();
    int query = row * columns + head * size;
    int firstKey = (heads.queries() + head / heads.group()) * size;
    int toValue = heads.keyValues() * size;
    int output = row * heads.outputColumns() + head * size;
    double[] p = new double[row + 1];
    double[] dP = new double[row + 1];
    double sum = 0;
    double delta = 0;
    double deltaTerms = 0;
    for (int c = 0; c < size; c++) {
      delta += (double) dOuts[output + c] * outs[output + c];
      deltaTerms += Math.abs((double) dOuts[output + c] * outs[output + c]);
    }
    for (int j = 0; j <= row; j++) {
      int key = j * columns + firstKey;
      double product = 0;
      for (int c = 0; c < size; c++) {
        product += (double) fused[query + c] * fused[key + c];
        dP[j] += (double) dOuts[output + c] * fused[key + toValue + c];
      }
      p[j] = Math.exp(SCALE * product);
      sum += p[j];
    }
    for (int j = 0; j <= row; j++) {
      int key = j * columns + firstKey;
      p[j] /= sum;
      double dS = SCALE * p[j] * (dP[j] - delta);
      double dSTerms = SCALE * p[j] * (Math.abs(dP[j]) + deltaTerms);
      for (int c = 0; c < size; c++) {
        double term = p[j] * fused[key + toValue + c];
        out.add(output + c, term, term);
        dFused.add(query + c, dS * fused[key + c], dSTerms * fused[key + c]);
        dFused.add(key + c, dS * fused[query + c], dSTerms * fused[query + c]);
        double dV = p[j] * dOuts[output + c];
        dFused.add(key + toValue + c, dV, dV);
      }
    }
  }

  private Tensor tensor(DType type, long key, int columns) {
    float[] numbers = new float[ROWS * columns];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = (float) Philox.normal(key, i);
    }
    Tensor tensor = memory.tensor(type, ROWS, columns);
    backend.write(tensor, numbers);
    return tensor;
  }
}
