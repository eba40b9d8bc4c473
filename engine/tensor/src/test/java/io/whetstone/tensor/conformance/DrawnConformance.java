package io.whetstone.tensor.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Capability;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.DrawnTokens;
import io.whetstone.tensor.Sampling;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Draws that the host need not have heard of: embedded at once, asked for later. */
interface DrawnConformance extends Conformance {
  int VOCABULARY = 65;

  /** Logits of some rows, and what is to be drawn from them. */
  record Asked(Tensor logits, Sampling[] settings, double[] uniforms) {
    static Asked of(Rig rig, long key, int rows) {
      Sampling[] settings = new Sampling[rows];
      Arrays.setAll(
          settings, r -> SamplingConformance.SETTINGS.get(r % SamplingConformance.SETTINGS.size()));
      double[] logits = Numbers.normal(key, rows * VOCABULARY, 2);
      return new Asked(
          rig.input(logits, rows, VOCABULARY), settings, SamplingConformance.uniforms(key, rows));
    }

    void draw(Backend backend, DrawnTokens drawn) {
      backend.draw(logits, settings, uniforms, drawn);
    }

    /** Fails unless rows from {@code first} on are what {@link Backend#sample} draws. */
    int[] check(Backend backend, DrawnTokens drawn, int first) {
      int[] tokens = new int[settings.length];
      float[] logprobs = new float[settings.length];
      backend.sample(logits, settings, uniforms, tokens, logprobs);
      for (int r = 0; r < tokens.length; r++) {
        assertEquals(tokens[r], drawn.token(first + r), "token of row " + r);
        assertEquals(logprobs[r], drawn.logprob(first + r), "logprob of row " + r);
      }
      return tokens;
    }
  }

  /** In several draws, more than were expected, asked for once more. */
  @Test
  default void drawsAreThoseOfSampling() {
    Backend backend = rig().backend();
    try (DrawnTokens drawn = backend.drawnTokens()) {
      assertEquals(0, drawn.rows());
      assertTrue(drawn.known(), "there is nothing to wait for");
      for (int round = 0; round < 3; round++) {
        drawn.reset();
        List<Asked> all = new ArrayList<>();
        for (int rows : new int[] {1, 0, 300, 17, 900}) {
          all.add(Asked.of(rig(), 10 * round + all.size(), rows));
          all.getLast().draw(backend, drawn);
          if (round == 1 && rows == 300) {
            assertTrue(drawn.token(40) < VOCABULARY && !Float.isNaN(drawn.logprob(40)));
            assertTrue(drawn.known(), "it was waited for");
          }
        }
        assertEquals(1218, drawn.rows());
        assertEquals(VOCABULARY, drawn.vocabulary());
        for (int again = 0; again < 2; again++) {
          int first = 0;
          for (Asked asked : all) {
            asked.check(backend, drawn, first);
            first += asked.settings.length;
          }
        }
      }
    }
  }

  /** Asked for in the order they were drawn in, and in the other; the last are never asked for. */
  @Test
  default void manyMayBeUnderWay() {
    Backend backend = rig().backend();
    DrawnTokens[] drawn = new DrawnTokens[6];
    Asked[] asked = new Asked[drawn.length];
    Arrays.setAll(drawn, i -> backend.drawnTokens());
    for (int round = 0; round < 3; round++) {
      for (int i = 0; i < drawn.length; i++) {
        asked[i] = Asked.of(rig(), 100 * round + i, 5 + i);
        drawn[i].reset();
        asked[i].draw(backend, drawn[i]);
      }
      for (int i = 0; round < 2 && i < drawn.length; i++) {
        int which = round == 0 ? i : drawn.length - 1 - i;
        asked[which].check(backend, drawn[which], 0);
      }
    }
    for (DrawnTokens each : drawn) {
      each.close();
      each.close();
      assertEquals(0, each.rows());
      assertThrows(IllegalStateException.class, () -> asked[0].draw(backend, each));
    }
  }

  /** Step after step, as decoding does: the next is queued before anybody asks for the last. */
  @Test
  default void drawnTokensAreEmbedded() {
    for (DType type : computeTypes()) {
      Tensor table =
          rig()
              .input(type, Numbers.as(type, Numbers.normal(7, VOCABULARY * 12, 1)), VOCABULARY, 12);
      embedded(table, type.toString());
    }
    if (rig().backend().capabilities().contains(Capability.QUANTIZED)) {
      try (Workspace memory = rig().backend().workspace("quantised")) {
        Tensor table = memory.tensor(DType.Q8_0, VOCABULARY, 64);
        rig().backend().write(table, Numbers.floats(Numbers.normal(8, VOCABULARY * 64, 1)));
        embedded(table, "Q8_0");
      }
    }
  }

  private void embedded(Tensor table, String what) {
    Backend backend = rig().backend();
    float[] rows = backend.readFloats(table);
    int columns = table.columns();
    try (DrawnTokens one = backend.drawnTokens();
        DrawnTokens other = backend.drawnTokens()) {
      Asked last = null;
      for (int step = 0; step < 8; step++) {
        DrawnTokens drawn = step % 2 == 0 ? one : other;
        DrawnTokens before = step % 2 == 0 ? other : one;
        int[] ids = {3, 64, 0};
        if (last != null) {
          // Some of them, one twice, among others.
          ids = new int[] {64, place(2), 0, place(step + 2), place(2), place(0)};
        }
        Tensor y = rig().output(ids.length, columns);
        backend.embedding(ids, before, table, y);
        drawn.reset();
        Asked asked = Asked.of(rig(), 200 + step, step + 4);
        asked.draw(backend, drawn);
        if (last != null) {
          int[] tokens = last.check(backend, before, 0);
          int[] resolved = before.resolve(ids);
          for (int i = 0; i < ids.length; i++) {
            int id = ids[i] < 0 ? tokens[DrawnTokens.row(ids[i])] : ids[i];
            assertEquals(id, resolved[i]);
            assertArrayEquals(
                Arrays.copyOfRange(rows, id * columns, (id + 1) * columns),
                rig().get(y.rows(i, i + 1)),
                what + ", step " + step + ", row " + i);
          }
          // Once more, now that they are known.
          Tensor again = rig().output(ids.length, columns);
          backend.embedding(ids, before, table, again);
          assertArrayEquals(rig().get(y), rig().get(again));
        }
        last = asked;
      }
    }
  }

  private static int place(int row) {
    return DrawnTokens.placeholder(row);
  }

  /**
   * At the latest by who asks for the token; rows beside it are as ever, and so is what follows.
   */
  @Test
  default void aRowThatIsNotFiniteIsRefused() {
    Backend backend = rig().backend();
    double[] logits = Numbers.normal(9, 3 * VOCABULARY, 1);
    logits[VOCABULARY + 5] = Double.NaN;
    Tensor broken = rig().inOut(logits, 3, VOCABULARY);
    Asked whole = Asked.of(rig(), 12, 3);
    Tensor table = rig().input(Numbers.normal(13, VOCABULARY * 4, 1), VOCABULARY, 4);
    try (DrawnTokens drawn = backend.drawnTokens()) {
      String message =
          assertThrows(
                  IllegalArgumentException.class,
                  () -> {
                    backend.draw(broken, whole.settings, whole.uniforms, drawn);
                    int[] ids = {place(1)};
                    backend.embedding(ids, drawn, table, rig().output(1, 4));
                    drawn.token(1);
                  })
              .getMessage();
      assertTrue(message.contains("row 1 is not finite"), message);
      drawn.reset();
      whole.draw(backend, drawn);
      whole.check(backend, drawn, 0);
    }
  }

  @Test
  default void whatWasNotDrawnIsRefused() {
    Backend backend = rig().backend();
    Asked asked = Asked.of(rig(), 14, 2);
    Tensor table = rig().input(new double[VOCABULARY * 3], VOCABULARY, 3);
    Tensor small = rig().input(new double[(VOCABULARY - 1) * 3], VOCABULARY - 1, 3);
    Tensor y = rig().output(1, 3);
    try (DrawnTokens drawn = backend.drawnTokens()) {
      refuses("0 rows were drawn", () -> backend.embedding(new int[] {-1}, drawn, table, y));
      asked.draw(backend, drawn);
      refuses("row 2 draws, and 2 rows", () -> backend.embedding(new int[] {-3}, drawn, table, y));
      int[] least = {Integer.MIN_VALUE};
      refuses("2 rows were drawn", () -> backend.embedding(least, drawn, table, y));
      refuses("65 is not in [0, 65)", () -> backend.embedding(new int[] {65}, drawn, table, y));
      refuses("a vocabulary of 65", () -> backend.embedding(new int[] {-1}, drawn, small, y));
      refuses("y", () -> backend.embedding(new int[] {-1, 2}, drawn, table, y));
      assertThrows(IndexOutOfBoundsException.class, () -> drawn.token(2));
      assertThrows(IndexOutOfBoundsException.class, () -> drawn.logprob(-1));
      drawn.reset();
      assertThrows(IndexOutOfBoundsException.class, () -> drawn.token(0));
      refuses(
          "uniforms",
          () -> backend.draw(asked.logits, asked.settings, new double[] {0.5, 1}, drawn));
      refuses("another backend", () -> asked.draw(backend, new ForeignTokens()));
    }
    int[] known = {1, 2};
    assertSame(known, DrawnTokens.none().resolve(known));
    assertThrows(RuntimeException.class, () -> asked.draw(backend, DrawnTokens.none()));
  }

  private static void refuses(String part, Runnable call) {
    String message = assertThrows(IllegalArgumentException.class, call::run).getMessage();
    assertTrue(message.contains(part), message);
  }

  /** No backend's. */
  final class ForeignTokens implements DrawnTokens {
    @Override
    public int rows() {
      return 0;
    }

    @Override
    public int vocabulary() {
      return 0;
    }

    @Override
    public void reset() {}

    @Override
    public boolean known() {
      return true;
    }

    @Override
    public int token(int row) {
      throw new IndexOutOfBoundsException(row);
    }

    @Override
    public float logprob(int row) {
      throw new IndexOutOfBoundsException(row);
    }

    @Override
    public void close() {}
  }
}
