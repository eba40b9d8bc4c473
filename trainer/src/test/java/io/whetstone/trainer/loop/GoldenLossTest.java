package io.whetstone.trainer.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.trainer.algorithm.PolicyObjective;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Losses and gradients, through the settings a configuration has, against TRL's own loss code
 * (make_trl_golden.py) and against the papers' formulas under PyTorch's autograd
 * (make_paper_golden.py).
 */
class GoldenLossTest {
  private static final double LOSS = 1e-6;
  private static final double GRADIENT = 1e-5;

  static List<GoldenCase> trl() {
    return GoldenCase.read("trl-golden.json");
  }

  static List<GoldenCase> papers() {
    return GoldenCase.read("paper-golden.json");
  }

  @ParameterizedTest
  @MethodSource({"trl", "papers"})
  void lossAndGradientAreTheSources(GoldenCase golden) {
    PolicyObjective.Result result = golden.evaluate();
    assertEquals(golden.loss(), result.loss(), LOSS * Math.max(1, Math.abs(golden.loss())));
    close(golden.expected("dLogprobs"), result.dLogprobs());
    if (result.dEntropies() != null) {
      close(golden.expected("dEntropies"), result.dEntropies());
    }
  }

  private static void close(double[] expected, float[] actual) {
    assertEquals(expected.length, actual.length);
    for (int t = 0; t < expected.length; t++) {
      double bound = GRADIENT * Math.abs(expected[t]) + 1e-9;
      int token = t;
      assertTrue(
          Math.abs(expected[t] - actual[t]) <= bound,
          () -> "token " + token + ": expected " + expected[token] + ", got " + actual[token]);
    }
  }
}
