package io.whetstone.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.tensor.Philox;
import io.whetstone.tensor.Sampling;
import io.whetstone.tensor.Tensor;
import io.whetstone.tensor.Workspace;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * From the same logits the cpu backend and this one draw the same tokens, whatever the settings.
 */
class DrawTest {
  private static final float[] TEMPERATURES = {0, 0.3f, 1, 1, 2.5f};
  private static final int[] TOP_K = {0, 0, 0, 1, 3, 50, 100_000};
  private static final float[] TOP_P = {1, 1, 0.1f, 0.9f, 0.99f, 0.9999f};
  private static final float[] MIN_P = {0, 0, 0, 0.02f, 0.3f};

  /** What was drawn. */
  private record Draws(int[] tokens, float[] logprobs) {}

  /** Also more candidates than are sorted in shared memory, several blocks, and many ties. */
  @Test
  void theSameFromTheSameLogits() {
    StandIn standIn = StandIn.fast();
    try (Backend cpu = Backends.open("cpu", 1);
        Backend cuda = new CudaBackendProvider().open(1)) {
      for (int vocabulary : new int[] {2, 22, 1000, 4097, 9000}) {
        int rows = vocabulary < 1000 ? 300 : vocabulary < 4000 ? 120 : 40;
        for (double deviation : new double[] {0.01, 1, 12}) {
          same(cpu, cuda, vocabulary, rows, deviation, false);
          same(cpu, cuda, vocabulary, rows, deviation, true);
        }
      }
    }
    assertEquals("", standIn.reports());
  }

  private static void same(
      Backend cpu, Backend cuda, int vocabulary, int rows, double deviation, boolean ties) {
    long key = Philox.derive(vocabulary, (long) (100 * deviation), ties ? 1 : 0);
    float[] logits = new float[rows * vocabulary];
    for (int i = 0; i < logits.length; i++) {
      double logit = deviation * Philox.normal(key, i);
      logits[i] = (float) (ties ? Math.rint(2 * logit) / 2 : logit);
    }
    Sampling[] settings = new Sampling[rows];
    Arrays.setAll(settings, r -> settings(Philox.derive(key, r), vocabulary));
    double[] uniforms = IntStream.range(0, rows).mapToDouble(r -> uniform(key, r)).toArray();
    Draws expected = draw(cpu, logits, settings, uniforms);
    Draws got = draw(cuda, logits, settings, uniforms);
    for (int r = 0; r < rows; r++) {
      String what =
          "vocabulary %d, deviation %s, row %d, %s at %s"
              .formatted(vocabulary, deviation, r, settings[r], uniforms[r]);
      assertEquals(expected.tokens[r], got.tokens[r], what);
      // The cpu's sums have as many lanes as its vectors.
      assertEquals(expected.logprobs[r], got.logprobs[r], 1e-5 * (1 + deviation), what);
    }
  }

  /** Some of them as near to a boundary as there are numbers. */
  private static double uniform(long key, int row) {
    double uniform = Philox.uniform(key, row);
    return row % 7 == 0 ? Math.rint(8 * uniform) / 8 % 1 : row % 31 == 1 ? 1 - 0x1p-53 : uniform;
  }

  private static Sampling settings(long key, int vocabulary) {
    int[] suppressed = new int[0];
    if (Philox.uniform(key, 0) < 0.3) {
      // May repeat, and leaves one of them.
      int count = 1 + (int) (Philox.uniform(key, 1) * Math.min(40, vocabulary - 1));
      suppressed = new int[count];
      for (int i = 0; i < count; i++) {
        suppressed[i] = (int) (Philox.uniform(key, 10 + i) * (vocabulary - 1));
      }
    }
    return new Sampling(
        TEMPERATURES[pick(key, 2, TEMPERATURES.length)],
        TOP_K[pick(key, 3, TOP_K.length)],
        TOP_P[pick(key, 4, TOP_P.length)],
        MIN_P[pick(key, 5, MIN_P.length)],
        suppressed);
  }

  private static int pick(long key, int counter, int count) {
    return (int) (Philox.uniform(key, counter) * count);
  }

  private static Draws draw(
      Backend backend, float[] logits, Sampling[] settings, double[] uniforms) {
    int rows = settings.length;
    try (Workspace workspace = backend.workspace("test")) {
      Tensor tensor = workspace.tensor(DType.F32, rows, logits.length / rows);
      backend.write(tensor, logits);
      Draws draws = new Draws(new int[rows], new float[rows]);
      backend.sample(tensor, settings, uniforms, draws.tokens, draws.logprobs);
      return draws;
    }
  }
}
