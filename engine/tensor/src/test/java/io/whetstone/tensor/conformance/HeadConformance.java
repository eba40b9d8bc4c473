package io.whetstone.tensor.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.whetstone.tensor.DType;
import io.whetstone.tensor.Linear;
import io.whetstone.tensor.Sampling;
import io.whetstone.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** The fused head: logprobs and entropies of tokens, and the draw that must agree with them. */
interface HeadConformance extends Conformance {
  float[] TEMPERATURES = {0.3f, 1, 2.5f};

  /** {hidden, vocabulary, rows}. */
  int[][] HEAD_SIZES = {
    {1, 5, 1},
    {20, 5, 17},
    {20, 22, 0},
    {64, 22, 3},
    {22, 33, 65},
    {65, 64, 7},
    {20, 65, 33},
    {33, 1000, 17},
    {64, 1000, 130},
    {128, 22, 300}
  };

  @Test
  default void tokenLogprobsForwardAndBackward() {
    for (DType dtype : computeTypes()) {
      for (int[] size : HEAD_SIZES) {
        for (float temperature : TEMPERATURES) {
          // The second deviation makes logits of ±80 and beyond at temperature 1.
          for (double deviation : new double[] {1, 40}) {
            double scaled = deviation / Math.sqrt(size[0]);
            tokenLogprobs(dtype, size[0], size[1], size[2], temperature, scaled, 0);
          }
        }
      }
    }
  }

  /** A vocabulary of several parts, a chunk and a row more than whole ones. */
  @Test
  default void aLargeVocabulary() {
    for (DType dtype : computeTypes()) {
      tokenLogprobs(dtype, 3, 40_000, 5, 1, 1, 0);
    }
  }

  @Test
  default void cappedLogits() {
    for (DType dtype : computeTypes()) {
      for (int[] size : HEAD_SIZES) {
        tokenLogprobs(dtype, size[0], size[1], size[2], 0.7f, 2 / Math.sqrt(size[0]), 3);
      }
      tokenLogprobs(dtype, 3, 40_000, 5, 1, 1, 1.5f);
    }
  }

  @Test
  default void softCapBoundsEachNumber() {
    for (int size : new int[] {0, 1, 7, 22, 65}) {
      double[] x = Numbers.normal(20, size, 20);
      Tensor capped = rig().inOut(x, size);
      rig().backend().softCap(capped, 5);
      float[] got = rig().get(capped);
      for (int i = 0; i < size; i++) {
        assertEquals(5 * Math.tanh(x[i] / 5), got[i], 5e-6, "number " + i + " of " + size);
      }
    }
  }

  private void tokenLogprobs(
      DType dtype,
      int h,
      int vocabulary,
      int rows,
      float temperature,
      double deviation,
      float softCap) {
    double[] x = Numbers.as(dtype, Numbers.normal(1, rows * h, 1));
    double[] w = Numbers.as(dtype, Numbers.normal(2, vocabulary * h, deviation));
    int[] targets = Numbers.below(3, rows, vocabulary);
    ReferenceHead reference = new ReferenceHead(x, w, targets, h, softCap, temperature);
    String what =
        "%s, %d rows, hidden %d, vocabulary %d, temperature %s, cap %s, "
            .formatted(dtype, rows, h, vocabulary, temperature, softCap);
    Tensor logprobs = rig().output(rows);
    Tensor entropy = rig().output(rows);
    Tensor logSumExp = rig().output(rows);
    try (Linear head = rig().backend().linear(rig().input(w, vocabulary, h), dtype)) {
      Tensor input = rig().input(dtype, x, rows, h);
      rig()
          .backend()
          .tokenLogprobs(head, input, targets, softCap, temperature, logprobs, entropy, logSumExp);
      ReferenceHead.Forward forward = reference.forward();
      forward.logprobs().check(what + "logprobs", rig().get(logprobs));
      forward.entropy().check(what + "entropy", rig().get(entropy));
      forward.logSumExp().check(what + "logSumExp", rig().get(logSumExp));

      double[] dLogprobs = Numbers.normal(4, rows, 1);
      double[] dEntropy = Numbers.normal(5, rows, 0.5);
      for (int r = 0; r < rows; r += 3) {
        dEntropy[r] = 0;
        dLogprobs[r] = r % 2 == 0 ? dLogprobs[r] : 0;
      }
      double[] before = Numbers.normal(6, vocabulary * h, 1);
      Tensor dx = rig().output(rows, h);
      Tensor dHead = rig().inOut(before, vocabulary, h);
      rig()
          .backend()
          .tokenLogprobsBackward(
              head,
              input,
              targets,
              softCap,
              temperature,
              rig().keep(entropy),
              rig().keep(logSumExp),
              Numbers.floats(dLogprobs),
              Numbers.floats(dEntropy),
              dx,
              dHead);
      ReferenceHead.Backward backward = reference.backward(dLogprobs, dEntropy, before);
      backward.dx().checkRoundedTerms(what + "dx", rig().get(dx), dtype);
      backward.dHead().checkRoundedTerms(what + "dHead", rig().get(dHead), dtype);

      Tensor ofFrozen = rig().output(rows, h);
      rig()
          .backend()
          .tokenLogprobsBackward(
              head,
              input,
              targets,
              softCap,
              temperature,
              entropy,
              logSumExp,
              Numbers.floats(dLogprobs),
              Numbers.floats(dEntropy),
              ofFrozen,
              null);
      assertArrayEquals(rig().get(dx), rig().get(ofFrozen), what + "dx of a frozen head");
    }
  }

  @Test
  default void tokenLogprobsRowsDoNotDependOnTheirNumber() {
    needsExact();
    int[] all = new int[512];
    Arrays.setAll(all, i -> i + 1);
    for (DType dtype : computeTypes()) {
      rowsDoNotDependOnTheirNumber(dtype, 48, 22, all);
      int[] some = {1, 2, 3, 8, 17, 64, 65, 129, 511};
      rowsDoNotDependOnTheirNumber(dtype, 64, 1000, some);
    }
  }

  private void rowsDoNotDependOnTheirNumber(DType dtype, int h, int vocabulary, int[] numbers) {
    Tensor x = rig().input(dtype, Numbers.normal(7, 512 * h, 1), 512, h);
    int[] targets = Numbers.below(8, 512, vocabulary);
    try (Linear head =
        rig()
            .backend()
            .linear(rig().input(Numbers.normal(9, vocabulary * h, 1), vocabulary, h), dtype)) {
      float[][] whole = headOutputs(head, x, targets);
      for (int rows : numbers) {
        int from = rows % 7 * (512 - rows) / 6;
        int[] own = Arrays.copyOfRange(targets, from, from + rows);
        float[][] part = headOutputs(head, x.rows(from, from + rows), own);
        for (int i = 0; i < part.length; i++) {
          assertArrayEquals(
              Arrays.copyOfRange(whole[i], from, from + rows),
              part[i],
              dtype
                  + ", "
                  + rows
                  + " rows of 512, "
                  + (i == 0 ? "logprobs" : i == 1 ? "entropy" : "logSumExp"));
        }
      }
    }
  }

  private float[][] headOutputs(Linear head, Tensor x, int[] targets) {
    Tensor[] outputs = new Tensor[3];
    Arrays.setAll(outputs, i -> rig().output(targets.length));
    rig().backend().tokenLogprobs(head, x, targets, 0.7f, outputs[0], outputs[1], outputs[2]);
    return new float[][] {rig().get(outputs[0]), rig().get(outputs[1]), rig().get(outputs[2])};
  }

  /** What the sampler recorded is what the trainer computes again, to the bit. */
  @Test
  default void theDrawnTokensLogprobIsTheTrainers() {
    needsExact();
    for (DType dtype : computeTypes()) {
      for (int[] size : HEAD_SIZES) {
        drawnLogprobs(dtype, size[0], size[1], size[2]);
      }
      drawnLogprobs(dtype, 3, 40_000, 5);
    }
  }

  private void drawnLogprobs(DType dtype, int h, int vocabulary, int rows) {
    for (double deviation : new double[] {1, 40}) {
      double[] x = Numbers.normal(10, rows * h, 1);
      double[] w = Numbers.normal(11, vocabulary * h, deviation / Math.sqrt(h));
      for (Sampling sampling :
          new Sampling[] {
            Sampling.PLAIN,
            Sampling.GREEDY,
            new Sampling(0.3f, 0, 1, 0),
            new Sampling(2.5f, 3, 1, 0),
            new Sampling(0.7f, 0, 0.9f, 0.05f, 1, 3)
          }) {
        try (Linear head = rig().backend().linear(rig().input(w, vocabulary, h), dtype)) {
          drawnLogprobs(head, rig().input(dtype, x, rows, h), rows, vocabulary, sampling, 0);
          drawnLogprobs(head, rig().input(dtype, x, rows, h), rows, vocabulary, sampling, 3);
        }
      }
    }
  }

  private void drawnLogprobs(
      Linear head, Tensor x, int rows, int vocabulary, Sampling sampling, float softCap) {
    Tensor logits = rig().output(rows, vocabulary);
    rig().backend().linearForward(head, x, logits, false);
    if (softCap > 0) {
      rig().backend().softCap(logits, softCap);
    }
    Sampling[] settings = new Sampling[rows];
    Arrays.fill(settings, sampling);
    int[] tokens = new int[rows];
    float[] drawn = new float[rows];
    rig().backend().sample(logits, settings, SamplingConformance.uniforms(12, rows), tokens, drawn);
    Tensor logprobs = rig().output(rows);
    rig()
        .backend()
        .tokenLogprobs(
            head,
            x,
            tokens,
            softCap,
            sampling.logprobTemperature(),
            logprobs,
            rig().output(rows),
            rig().output(rows));
    assertArrayEquals(
        rig().get(logprobs), drawn, "vocabulary %d, %s".formatted(vocabulary, sampling));
  }

  @Test
  default void headIsTheSameForAnyThreads() {
    needsExact();
    for (DType dtype : computeTypes()) {
      for (int[] size : new int[][] {{128, 22, 300}, {64, 1000, 130}, {20, 65, 3}}) {
        headIsTheSameForAnyThreads(dtype, size[0], size[1], size[2]);
      }
    }
  }

  private void headIsTheSameForAnyThreads(DType dtype, int h, int vocabulary, int rows) {
    double[] x = Numbers.normal(13, rows * h, 1);
    double[] w = Numbers.normal(14, vocabulary * h, 0.3);
    int[] targets = Numbers.below(15, rows, vocabulary);
    float[] dLogprobs = Numbers.floats(Numbers.normal(16, rows, 1));
    float[] dEntropy = Numbers.floats(Numbers.normal(17, rows, 1));
    for (String result : new String[] {"logprobs", "entropy", "logSumExp", "dx", "dHead"}) {
      sameForAnyThreads(
          result,
          rig -> {
            Tensor input = rig.input(dtype, x, rows, h);
            Tensor logprobs = rig.output(rows);
            Tensor entropy = rig.output(rows);
            Tensor logSumExp = rig.output(rows);
            Tensor dx = rig.output(rows, h);
            Tensor dHead = rig.inOut(w, vocabulary, h);
            try (Linear head = rig.backend().linear(rig.input(w, vocabulary, h), dtype)) {
              rig.backend().tokenLogprobs(head, input, targets, 1, logprobs, entropy, logSumExp);
              rig.backend()
                  .tokenLogprobsBackward(
                      head, input, targets, 1, entropy, logSumExp, dLogprobs, dEntropy, dx, dHead);
            }
            return rig.get(
                switch (result) {
                  case "logprobs" -> logprobs;
                  case "entropy" -> entropy;
                  case "logSumExp" -> logSumExp;
                  case "dx" -> dx;
                  default -> dHead;
                });
          });
    }
  }
}
