package io.whetstone.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.whetstone.tensor.AttentionForm;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Heads;
import io.whetstone.tensor.Segments;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class AttentionTest {
  static List<Heads> heads() {
    return List.of(
        new Heads(1, 1, 2),
        new Heads(4, 2, 16),
        new Heads(3, 1, 20),
        new Heads(4, 4, 32),
        new Heads(6, 2, 64));
  }

  /** A prompt of 37 with four completions, one of 5 with two, one alone of one token, one of 70. */
  private static final Segments GROUPS =
      new Segments(
          new int[] {0, 37, 38, 54, 87, 107, 112, 113, 130, 131},
          new int[] {37, 38, 54, 87, 107, 112, 113, 130, 131, 201},
          new int[] {0, 0, 0, 0, 0, 0, 107, 107, 0, 0},
          new int[] {0, 37, 37, 37, 37, 0, 112, 112, 0, 0});

  private static Segments everyLength() {
    int[] lengths = new int[70];
    Arrays.setAll(lengths, i -> i + 1);
    return Segments.ofLengths(lengths);
  }

  @ParameterizedTest
  @MethodSource("heads")
  void packedAndCachedAgreeToTheBit(Heads heads) {
    for (Segments segments : List.of(GROUPS, everyLength(), Segments.ofLengths(300))) {
      packedAndCachedAgree(new AttentionCase(heads, segments, 7));
      packedAndCachedAgree(
          new AttentionCase(DType.BF16, AttentionCase.plain(heads), heads, segments, 7));
    }
    for (DType type : List.of(DType.F32, DType.BF16)) {
      AttentionForm form = new AttentionForm(0.3f, 4, 45);
      packedAndCachedAgree(new AttentionCase(type, form, heads, GROUPS, 7));
    }
  }

  private static void packedAndCachedAgree(AttentionCase attention) {
    float[] packed = attention.packed(1)[0];
    assertBits(packed, attention.packed(2)[0]);
    assertBits(packed, attention.cached(1, 1, 1));
    assertBits(packed, attention.cached(2, 7, 2));
    assertBits(packed, attention.cached(2, 64, 3));
    assertBits(packed, attention.packed(1, new FloatVectors(), new SoftmaxVectors())[0]);
    assertBits(packed, attention.cached(1, 50, 4, new FloatVectors(), new SoftmaxVectors()));
  }

  @ParameterizedTest
  @MethodSource("heads")
  void aSharedPrefixGivesTheBitsOfTheWholeSequence(Heads heads) {
    AttentionCase shared = new AttentionCase(heads, GROUPS, 3);
    float[][] got = shared.packed(2);
    for (int s = 0; s < GROUPS.count(); s++) {
      int last = GROUPS.end()[s] - 1;
      int[] rows = shared.seen(s, last);
      AttentionCase whole = new AttentionCase(heads, Segments.ofLengths(rows.length), 0);
      for (int j = 0; j < rows.length; j++) {
        whole
            .fused
            .rows(j, j + 1)
            .memory()
            .copyFrom(shared.fused.rows(rows[j], rows[j] + 1).memory());
      }
      float[][] expected = whole.packed(1);
      for (int j = GROUPS.prefixLength(s); j < rows.length; j++) {
        for (int part = 0; part < 2; part++) {
          int columns = part == 0 ? heads.outputColumns() : heads.queries();
          assertBits(
              Arrays.copyOfRange(expected[part], j * columns, (j + 1) * columns),
              Arrays.copyOfRange(got[part], rows[j] * columns, (rows[j] + 1) * columns));
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("heads")
  void agreesWithDoublePrecision(Heads heads) {
    for (Segments segments : List.of(GROUPS, Segments.ofLengths(300))) {
      AttentionCase attention = new AttentionCase(heads, segments, 11);
      float[][] got = attention.packed(2);
      float[] fused = AttentionCase.floats(attention.fused);
      for (int s = 0; s < segments.count(); s++) {
        for (int r = segments.start()[s]; r < segments.end()[s]; r++) {
          for (int h = 0; h < heads.queries(); h++) {
            check(attention, fused, attention.seen(s, r), r, h, got);
          }
        }
      }
    }
  }

  private static void check(
      AttentionCase c, float[] fused, int[] seen, int r, int h, float[][] got) {
    Heads heads = c.heads;
    int size = heads.size();
    int columns = heads.fusedColumns();
    int key = (heads.queries() + h / heads.group()) * size;
    double[] p = new double[seen.length];
    double sum = 0;
    for (int j = 0; j < seen.length; j++) {
      double s = 0;
      for (int d = 0; d < size; d++) {
        s += (double) fused[r * columns + h * size + d] * fused[seen[j] * columns + key + d];
      }
      p[j] = Math.exp(c.form.scale() * s);
      sum += p[j];
    }
    assertEquals(Math.log(sum), got[1][r * heads.queries() + h], 2e-5);
    for (int d = 0; d < size; d++) {
      double value = 0;
      for (int j = 0; j < seen.length; j++) {
        value += p[j] / sum * fused[seen[j] * columns + key + heads.keyValues() * size + d];
      }
      assertEquals(value, got[0][r * heads.outputColumns() + h * size + d], 2e-5);
    }
  }

  static void assertBits(float[] expected, float[] got) {
    int[] bits = new int[expected.length];
    int[] gotBits = new int[got.length];
    Arrays.setAll(bits, i -> Float.floatToRawIntBits(expected[i]));
    Arrays.setAll(gotBits, i -> Float.floatToRawIntBits(got[i]));
    assertArrayEquals(bits, gotBits);
  }
}
