package io.whetstone.tensor.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.tensor.Philox;
import io.whetstone.tensor.Sampling;
import io.whetstone.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Drawing tokens, against {@link Sampling}'s words taken literally. */
interface SamplingConformance extends Conformance {
  /** Below this margin a rounding may decide the other way. */
  double ROUNDING = 2e-5;

  List<Sampling> SETTINGS =
      List.of(
          Sampling.PLAIN,
          Sampling.GREEDY,
          new Sampling(0, 3, 0.5f, 0.1f, 0, 4),
          new Sampling(0.3f, 0, 1, 0),
          new Sampling(2.5f, 0, 1, 0),
          new Sampling(1, 1, 1, 0),
          new Sampling(1, 3, 1, 0),
          new Sampling(1, 100_000, 1, 0),
          new Sampling(1, 0, 0.1f, 0),
          new Sampling(0.7f, 0, 0.9f, 0),
          new Sampling(1, 0, 1, 0.05f),
          new Sampling(2.5f, 0, 1, 0.5f),
          new Sampling(1, 4, 0.8f, 0),
          new Sampling(1.5f, 4, 0.95f, 0.1f),
          new Sampling(1, 0, 1, 0, 0),
          new Sampling(1, 2, 1, 0, 4, 0, 1),
          new Sampling(0.7f, 0, 0.9f, 0.02f, 3, 3, 2));

  static double[] uniforms(long key, int size) {
    double[] uniforms = new double[size];
    Arrays.setAll(uniforms, i -> Philox.uniform(key, i));
    return uniforms;
  }

  /** All settings mixed in one batch, as a server would have them. */
  @Test
  default void drawsAreThoseOfTheReference() {
    for (int vocabulary : new int[] {5, 7, 22, 65, 1000}) {
      for (double deviation : new double[] {0.5, 3, 40}) {
        int rows = SETTINGS.size() * (vocabulary < 100 ? 40 : 8);
        double[] logits = Numbers.normal(vocabulary, rows * vocabulary, deviation);
        Sampling[] settings = new Sampling[rows];
        Arrays.setAll(settings, r -> SETTINGS.get(r % SETTINGS.size()));
        double[] uniforms = uniforms(1, rows);
        int[] tokens = new int[rows];
        float[] logprobs = new float[rows];
        Tensor tensor = rig().input(logits, rows, vocabulary);
        rig().backend().sample(tensor, settings, uniforms, tokens, logprobs);

        int decided = 0;
        for (int r = 0; r < rows; r++) {
          double[] row = Arrays.copyOfRange(logits, r * vocabulary, (r + 1) * vocabulary);
          ReferenceSampling.Draw draw = ReferenceSampling.draw(row, settings[r], uniforms[r]);
          if (draw.margin() > ROUNDING) {
            decided++;
            String what = "vocabulary %d, row %d, %s".formatted(vocabulary, r, settings[r]);
            assertEquals(draw.token(), tokens[r], what);
          }
        }
        assertTrue(decided > 0.9 * rows, "the reference decides " + decided + " of " + rows);
        logprobs(settings, logits, vocabulary, tokens).check("logprobs", logprobs);
      }
    }
  }

  /** Over the whole vocabulary: what top-k, top-p, min-p and suppression drop counts too. */
  private static Expected logprobs(
      Sampling[] settings, double[] logits, int vocabulary, int[] tokens) {
    Expected logprobs = new Expected(tokens.length);
    for (int r = 0; r < tokens.length; r++) {
      double temperature = settings[r].logprobTemperature();
      double largest = Double.NEGATIVE_INFINITY;
      for (int v = 0; v < vocabulary; v++) {
        largest = Math.max(largest, logits[r * vocabulary + v] / temperature);
      }
      double sum = 0;
      for (int v = 0; v < vocabulary; v++) {
        sum += Math.exp(logits[r * vocabulary + v] / temperature - largest);
      }
      double z = logits[r * vocabulary + tokens[r]] / temperature;
      logprobs.add(r, z - largest - Math.log(sum), 1 + (Math.abs(z) + Math.abs(largest)) / 16);
    }
    return logprobs;
  }

  /**
   * What transformers' warpers leave of a row (sampling.txt, by
   * src/test/python/golden_sampling.py): each token that is left is drawn in its part of the
   * uniform numbers, no other one is.
   */
  @Test
  default void drawsAreFromWhatTransformersLeaves() throws IOException {
    List<String> lines;
    try (InputStream in = Sampling.class.getResourceAsStream("sampling.txt")) {
      lines = new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
    }
    int parts = 0;
    for (int i = 0; i < lines.size(); i += 3) {
      double[] given = doubles(lines.get(i));
      Sampling sampling =
          new Sampling((float) given[0], (int) given[1], (float) given[2], (float) given[3]);
      double[] logits = doubles(lines.get(i + 1));
      double[] left = doubles(lines.get(i + 2));
      double below = 0;
      for (int v = 0; v < left.length; v++) {
        for (double within : new double[] {0.01, 0.5, 0.99}) {
          if (left[v] > 1e-3) {
            parts++;
            double uniform = below + within * left[v];
            assertEquals(v, draw(logits, sampling, uniform).token(), sampling + " at " + uniform);
          }
        }
        below += left[v];
      }
    }
    assertTrue(parts > 300, parts + " parts");
  }

  private static double[] doubles(String line) {
    return Arrays.stream(line.split(" ")).mapToDouble(Double::parseDouble).toArray();
  }

  /** A χ² test at the 0.1 % level; the uniforms are fixed, so it never fails by chance. */
  @Test
  default void drawsHaveTheirDistribution() {
    int draws = 20_000;
    double[] row = {0.3, -1.2, 2, 0.9, -0.4, 1.1, 0};
    Sampling sampling = new Sampling(0.7f, 0, 1, 0, 3);
    double[] logits = new double[draws * row.length];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = (float) row[i % row.length];
    }
    Sampling[] settings = new Sampling[draws];
    Arrays.fill(settings, sampling);
    int[] tokens = new int[draws];
    rig()
        .backend()
        .sample(
            rig().input(logits, draws, row.length),
            settings,
            uniforms(2, draws),
            tokens,
            new float[draws]);
    double sum = 0;
    for (int v = 0; v < row.length; v++) {
      sum += v == 3 ? 0 : Math.exp(row[v] / 0.7);
    }
    double chiSquare = 0;
    for (int v = 0; v < row.length; v++) {
      int token = v;
      long seen = Arrays.stream(tokens).filter(t -> t == token).count();
      double expected = v == 3 ? 0 : draws * Math.exp(row[v] / 0.7) / sum;
      if (v == 3) {
        assertEquals(0, seen, "a suppressed token was drawn");
      } else {
        chiSquare += (seen - expected) * (seen - expected) / expected;
      }
    }
    assertTrue(chiSquare < 20.5, "χ² with 5 degrees of freedom: " + chiSquare);
  }

  /** The lowest id, whatever lane of a vector it lies in; 0 and −0 are a tie too. */
  @Test
  default void tiesGoToTheLowestId() {
    for (int vocabulary : new int[] {5, 22, 65, 1000}) {
      for (int first = 0; first < vocabulary; first += 1 + vocabulary / 23) {
        double[] row = new double[vocabulary];
        Arrays.fill(row, -3);
        for (int v = first; v < vocabulary; v += 2) {
          row[v] = v % 4 == 0 ? -0.0 : 0;
        }
        assertEquals(first, draw(row, Sampling.GREEDY, 0.99).token(), "vocabulary " + vocabulary);
        assertEquals(first, draw(row, new Sampling(1, 1, 1, 0), 0.99).token());
        if (first + 2 < vocabulary) {
          assertEquals(first + 2, draw(row, new Sampling(0, 0, 1, 0, first), 0.5).token());
          assertEquals(first, draw(row, new Sampling(1, 2, 1, 0), 0.49).token());
          assertEquals(first + 2, draw(row, new Sampling(1, 2, 1, 0), 0.51).token());
          assertEquals(first + 2, draw(row, new Sampling(1, 2, 1, 0), 0.9999).token());
        }
      }
    }
  }

  /** Rounding must not let a token through whose probability is e⁻²⁰⁰, at the end least of all. */
  @Test
  default void extremeUniformsDrawPossibleTokens() {
    double almostOne = Math.nextDown(1.0);
    double[] row = {-200, 1, 0.5, 0.25, 0.1, -0.3, -200, -200};
    for (Sampling sampling : SETTINGS) {
      if (sampling.suppressed().length == 0 && sampling.temperature() <= 1) {
        for (double uniform : new double[] {1e-9, 0x1p-53, almostOne, 1 - 0x1p-30}) {
          int token = draw(row, sampling, uniform).token();
          assertTrue(token >= 1 && token <= 5, sampling + " drew " + token + " at " + uniform);
        }
      }
    }
    assertEquals(5, draw(row, Sampling.PLAIN, almostOne).token());
    assertEquals(3, draw(row, new Sampling(1, 3, 1, 0), almostOne).token());
    assertEquals(4, draw(row, new Sampling(1, 0, 1, 0, 5, 6, 7), almostOne).token());
    for (int key = 0; key < 100; key++) {
      double[] random = Numbers.normal(100 + key, 65, 2);
      for (Sampling filter : List.of(new Sampling(1, 20, 1, 0), new Sampling(1, 0, 0.9f, 0))) {
        int last = ReferenceSampling.draw(random, filter, almostOne).token();
        assertEquals(last, draw(random, filter, almostOne).token(), filter.toString());
      }
    }
  }

  /** Probabilities of 1/4 have no rounding: a sum must exceed the uniform, and reach top-p. */
  @Test
  default void boundariesBelongToTheNextToken() {
    double[] row = {0.5, 0.5, 0.5, 0.5};
    for (int quarter = 0; quarter < 4; quarter++) {
      double boundary = quarter / 4.0;
      assertEquals(quarter, draw(row, Sampling.PLAIN, boundary).token());
      assertEquals(quarter, draw(row, Sampling.PLAIN, boundary + 0.249).token());
    }
    Sampling half = new Sampling(1, 0, 0.5f, 0);
    assertEquals(0, draw(row, half, 0.499).token());
    assertEquals(1, draw(row, half, 0.5).token());
    assertEquals(1, draw(row, half, 0.999).token());
    // Half of what top-k leaves: of three, two; of two, one.
    assertEquals(1, draw(row, new Sampling(1, 3, 0.5f, 0), 0.999).token());
    assertEquals(0, draw(row, new Sampling(1, 2, 0.5f, 0), 0.999).token());
  }

  /** A token, and the bits of its logprob, whoever shares the batch. */
  @Test
  default void drawsDoNotDependOnTheBatch() {
    needsExact();
    for (int vocabulary : new int[] {22, 65, 1000}) {
      int rows = 300;
      double[] logits = Numbers.normal(3, rows * vocabulary, 2);
      double[] uniforms = uniforms(4, rows);
      Sampling[] settings = new Sampling[rows];
      Arrays.setAll(settings, r -> SETTINGS.get(r % SETTINGS.size()));
      int[] tokens = new int[rows];
      float[] logprobs = new float[rows];
      Tensor tensor = rig().input(logits, rows, vocabulary);
      rig().backend().sample(tensor, settings, uniforms, tokens, logprobs);
      sameForAnyThreads(
          "logprobs",
          rig -> {
            float[] own = new float[rows];
            int[] ownTokens = new int[rows];
            Tensor ownLogits = rig.input(logits, rows, vocabulary);
            rig.backend().sample(ownLogits, settings, uniforms, ownTokens, own);
            assertArrayEquals(tokens, ownTokens, rig.toString());
            return own;
          });
      for (int count : new int[] {1, 2, 3, 8, 17, 64, 129}) {
        for (int from = 0; from + count <= rows; from += 31) {
          int[] someTokens = new int[count];
          float[] some = new float[count];
          rig()
              .backend()
              .sample(
                  tensor.rows(from, from + count),
                  Arrays.copyOfRange(settings, from, from + count),
                  Arrays.copyOfRange(uniforms, from, from + count),
                  someTokens,
                  some);
          assertArrayEquals(Arrays.copyOfRange(tokens, from, from + count), someTokens);
          assertArrayEquals(Arrays.copyOfRange(logprobs, from, from + count), some);
        }
      }
    }
  }

  /** One row's token and logprob. */
  record Drawn(int token, float logprob) {}

  private Drawn draw(double[] logits, Sampling sampling, double uniform) {
    int[] token = {-1};
    float[] logprob = {Float.NaN};
    rig()
        .backend()
        .sample(
            rig().input(logits, 1, logits.length),
            new Sampling[] {sampling},
            new double[] {uniform},
            token,
            logprob);
    return new Drawn(token[0], logprob[0]);
  }
}
