package io.whetstone.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.DrawnTokens;
import io.whetstone.tensor.Philox;
import io.whetstone.tensor.Sampling;
import io.whetstone.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Steps that are queued before the draws of the last are looked at, as decoding queues them. */
class DrawnStepsTest {
  private static final int VOCABULARY = 40;
  private static final int ROWS = 24;
  private static final int KERNELS = 12;
  private static final int STEPS = 20;

  /** The device is as late as it can be: what is written or read too early shows. */
  @Test
  void aStepQueuedAheadIsReplayedAndRight() {
    StandIn standIn = StandIn.fast();
    Gpu gpu = standIn.open();
    try (CudaBackend backend = new CudaBackend(gpu, 1);
        CudaWorkspace memory = new CudaWorkspace(gpu, "test", false);
        DrawnTokens one = backend.drawnTokens();
        DrawnTokens other = backend.drawnTokens()) {
      Tensor table = memory.tensor(DType.F32, VOCABULARY, VOCABULARY);
      float[] numbers = new float[VOCABULARY * VOCABULARY];
      for (int i = 0; i < numbers.length; i++) {
        numbers[i] = (float) Philox.normal(1, i);
      }
      backend.write(table, numbers);
      Tensor logits = memory.tensor(DType.F32, ROWS, VOCABULARY);
      int[][] expected = new int[STEPS][];
      for (int step = 0; step < STEPS; step++) {
        int[] ids = step == 0 ? new int[ROWS] : expected[step - 1];
        embed(backend, ids, DrawnTokens.none(), table, logits);
        expected[step] = new int[ROWS];
        backend.sample(logits, settings(), uniforms(step), expected[step], new float[ROWS]);
      }

      long replayed = gpu.queue().replays().replayed();
      int[] ids = new int[ROWS];
      for (int step = 0; step < STEPS; step++) {
        DrawnTokens drawn = step % 2 == 0 ? one : other;
        DrawnTokens before = step % 2 == 0 ? other : one;
        embed(backend, ids, before, table, logits);
        drawn.reset();
        backend.draw(logits, settings(), uniforms(step), drawn);
        assertFalse(drawn.known(), "nobody has waited");
        if (step > 0) {
          check(expected[step - 1], before);
          assertFalse(drawn.known(), "the step ahead is waited for");
        }
        // A token that the host has by now, as a sequence that is new would.
        Arrays.setAll(ids, DrawnTokens::placeholder);
        if (step > 0) {
          ids[3] = expected[step][3];
        }
      }
      check(expected[STEPS - 1], (STEPS - 1) % 2 == 0 ? one : other);
      replayed = gpu.queue().replays().replayed() - replayed;
      // Two addresses of what is drawn, by two halves of control memory: graphs from the third on.
      assertTrue(replayed >= STEPS - 2 * 2 - 2, replayed + " of " + STEPS + " steps were replayed");
    }
    assertEquals("", standIn.reports());
  }

  /** What the tokens decide of the next logits, and kernels as a step has them. */
  private static void embed(
      CudaBackend backend, int[] ids, DrawnTokens drawn, Tensor table, Tensor logits) {
    backend.embedding(ids, drawn, table, logits);
    for (int kernel = 0; kernel < KERNELS; kernel++) {
      backend.scale(logits, kernel % 2 == 0 ? 2 : 0.5f);
    }
  }

  private static void check(int[] expected, DrawnTokens drawn) {
    for (int r = 0; r < ROWS; r++) {
      assertEquals(expected[r], drawn.token(r), "row " + r);
    }
  }

  private static Sampling[] settings() {
    Sampling[] settings = new Sampling[ROWS];
    Arrays.fill(settings, Sampling.PLAIN);
    return settings;
  }

  private static double[] uniforms(int step) {
    double[] uniforms = new double[ROWS];
    Arrays.setAll(uniforms, r -> Philox.uniform(100 + step, r));
    return uniforms;
  }
}
