package io.whetstone.rewards.deeplearning4j;

import java.util.List;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.evaluation.classification.EvaluationCalibration;
import org.nd4j.evaluation.classification.ROC;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * How well scores tell right from wrong, by deeplearning4j's Evaluation, ROC and
 * EvaluationCalibration.
 *
 * @param examples how many
 * @param accuracy share on the right side of ½
 * @param precision share of right ones among those scored ½ or more
 * @param recall share of the right ones that are scored ½ or more
 * @param auc chance that a right one is scored above a wrong one
 * @param calibrationError Σ over ten bins of scores: the bin's share of the examples · |mean score
 *     − share that is right| (Guo et al. 2017, eq. 3)
 */
public record HeadReport(
    int examples,
    double accuracy,
    double precision,
    double recall,
    double auc,
    double calibrationError) {
  private static final int BINS = 10;

  /**
   * Scores the examples.
   *
   * @param examples with labels of which ½ and more count as right; both kinds must be there, or
   *     the AUC is NaN
   */
  public static HeadReport of(RewardHead head, List<HeadExample> examples) {
    if (examples.isEmpty()) {
      throw new IllegalArgumentException("no examples to evaluate on");
    }
    double[] scores = head.score(examples.stream().map(HeadExample::features).toList());
    float[][] predicted = new float[scores.length][];
    float[][] labels = new float[scores.length][];
    int right = 0;
    for (int i = 0; i < scores.length; i++) {
      boolean isRight = examples.get(i).label() >= 0.5;
      right += isRight ? 1 : 0;
      predicted[i] = new float[] {(float) (1 - scores[i]), (float) scores[i]};
      labels[i] = isRight ? new float[] {0, 1} : new float[] {1, 0};
    }
    INDArray truth = Nd4j.createFromArray(labels);
    INDArray scored = Nd4j.createFromArray(predicted);
    Evaluation evaluation = new Evaluation(2);
    evaluation.eval(truth, scored);
    // Zero steps: at every score, not at a grid of thresholds.
    ROC roc = new ROC(0);
    roc.eval(truth, scored);
    EvaluationCalibration calibration = new EvaluationCalibration(BINS, BINS);
    calibration.eval(truth, scored);
    return new HeadReport(
        scores.length,
        evaluation.accuracy(),
        evaluation.precision(1),
        evaluation.recall(1),
        right == 0 || right == scores.length ? Double.NaN : roc.calculateAUC(),
        calibrationError(calibration, scores.length));
  }

  private static double calibrationError(EvaluationCalibration calibration, int examples) {
    double error = 0;
    for (int bin = 0; bin < BINS; bin++) {
      double scores = calibration.getRDiagBinSumPredictions().getDouble(bin, 1);
      double right = calibration.getRDiagBinPosCount().getDouble(bin, 1);
      error += Math.abs(scores - right) / examples;
    }
    return error;
  }
}
