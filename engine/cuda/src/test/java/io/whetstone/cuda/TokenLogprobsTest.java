package io.whetstone.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Philox;
import io.whetstone.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/**
 * Parts of the vocabulary and chunks of rows, which the conformance suite's heads are too small
 * for.
 */
class TokenLogprobsTest {
  private static final int VOCABULARY = 2 * TokenLogprobs.BLOCK + 813;
  private static final int HIDDEN = 24;
  private static final int ROWS = 23;

  /** What comes out, with its gradients. */
  private record Results(float[] forward, float[] dx, float[] dHead) {}

  @Test
  void partsAndChunksChangeNothing() {
    StandIn standIn = StandIn.fast();
    try (Gpu gpu = standIn.open();
        CudaWorkspace memory = new CudaWorkspace(gpu, "test", false);
        Products products = new Products(gpu, new Elementwise(gpu), new QuantizedWeights(gpu))) {
      for (DType type : new DType[] {DType.F32, DType.BF16}) {
        for (float cap : new float[] {0, 3}) {
          TokenLogprobs whole = new TokenLogprobs(gpu, products);
          int part = TokenLogprobs.BLOCK;
          TokenLogprobs cut = new TokenLogprobs(gpu, products, part, 5 * part);
          Results expected = run(gpu, products, memory, whole, type, cap);
          Results got = run(gpu, products, memory, cut, type, cap);
          assertArrayEquals(expected.forward, got.forward, type + ": forward");
          // Sums over the vocabulary, and over rows, in other pieces.
          near(expected.dx, got.dx, type + ": dx");
          near(expected.dHead, got.dHead, type + ": dHead");
        }
      }
    }
    assertEquals("", standIn.reports());
  }

  private static void near(float[] expected, float[] got, String what) {
    double scale = 0;
    for (float value : expected) {
      scale = Math.max(scale, Math.abs(value));
    }
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], got[i], 2e-5 * scale, what + " " + i);
    }
  }

  private static Results run(
      Gpu gpu, Products products, CudaWorkspace memory, TokenLogprobs head, DType type, float cap) {
    HostCopies copies = new HostCopies(gpu);
    Tensor w = memory.tensor(DType.F32, VOCABULARY, HIDDEN);
    copies.write(w, normal(1, VOCABULARY * HIDDEN));
    Tensor x = memory.tensor(type, ROWS, HIDDEN);
    copies.write(x, normal(2, ROWS * HIDDEN));
    int[] targets = new int[ROWS];
    Arrays.setAll(targets, r -> Philox.below(3, r, VOCABULARY));
    targets[0] = TokenLogprobs.BLOCK - 1;
    targets[1] = TokenLogprobs.BLOCK;
    targets[2] = VOCABULARY - 1;
    Tensor outputs = memory.tensor(DType.F32, 3, ROWS);
    Tensor[] each = {outputs.rows(0, 1), outputs.rows(1, 2), outputs.rows(2, 3)};
    Tensor dx = memory.tensor(DType.F32, ROWS, HIDDEN);
    Tensor dHead = memory.zeros(DType.F32, VOCABULARY, HIDDEN);
    try (CudaLinear linear = products.linear(w, type)) {
      head.tokenLogprobs(linear, x, targets, cap, 0.7f, each[0], each[1], each[2]);
      head.tokenLogprobsBackward(
          linear,
          x,
          targets,
          cap,
          0.7f,
          each[1],
          each[2],
          normal(4, ROWS),
          normal(5, ROWS),
          dx,
          dHead);
    }
    Results results =
        new Results(copies.readFloats(outputs), copies.readFloats(dx), copies.readFloats(dHead));
    memory.reset();
    return results;
  }

  private static float[] normal(long key, int size) {
    float[] numbers = new float[size];
    for (int i = 0; i < size; i++) {
      numbers[i] = (float) Philox.normal(key, i);
    }
    return numbers;
  }
}
