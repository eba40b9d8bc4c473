package io.whetstone.trainer.algorithm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class RewardModelLossTest {
  // What PyTorch says of three pairs: engine/model's make_classifier_golden.py, model llama.
  private static final double[] SCORES = {
    0.06503748148679733,
    0.2710784673690796,
    0.4360220730304718,
    -0.7885440587997437,
    -0.1882430911064148,
    0.7606493830680847
  };
  private static final double[] MARGINS = {0.0, 0.7, 1.5};
  private static final double[] SLOPES = {
    -0.1815354824066162,
    0.18601703643798828,
    -0.12627853453159332,
    0.12157823890447617,
    -0.3030107915401459,
    0.31064286828041077
  };
  private static final double LOSS = 1.2679129838943481;
  private static final double CENTERING = 0.01;

  @Test
  void preferencesAreThoseOfPyTorch() {
    double loss = 0;
    for (int i = 0; i < MARGINS.length; i++) {
      RewardModelLoss.Pair pair =
          new RewardModelLoss(MARGINS[i], CENTERING).preference(SCORES[2 * i], SCORES[2 * i + 1]);
      loss += pair.loss() / MARGINS.length;
      assertEquals(SLOPES[2 * i], pair.better() / MARGINS.length, 1e-6);
      assertEquals(SLOPES[2 * i + 1], pair.worse() / MARGINS.length, 1e-6);
    }
    assertEquals(LOSS, loss, 1e-6);
  }

  @Test
  void slopesAreThoseOfTheLosses() {
    double step = 1e-5;
    RewardModelLoss loss = new RewardModelLoss(0.4, 0.02);
    for (double score : new double[] {-30, -1, 0, 0.3, 2, 40}) {
      for (double label : new double[] {0, 0.25, 1}) {
        double slope =
            (RewardModelLoss.label(score + step, label).loss()
                    - RewardModelLoss.label(score - step, label).loss())
                / (2 * step);
        assertEquals(slope, RewardModelLoss.label(score, label).slope(), 1e-6);
      }
      double better =
          (loss.preference(score + step, 0.7).loss() - loss.preference(score - step, 0.7).loss())
              / (2 * step);
      double worse =
          (loss.preference(0.7, score + step).loss() - loss.preference(0.7, score - step).loss())
              / (2 * step);
      assertEquals(better, loss.preference(score, 0.7).better(), 1e-6);
      assertEquals(worse, loss.preference(0.7, score).worse(), 1e-6);
    }
  }
}
