package io.whetstone.trainer.run;

import io.whetstone.trainer.algorithm.Interval;
import io.whetstone.trainer.evaluation.EvaluationRound;
import io.whetstone.trainer.evaluation.Measured;
import java.util.List;

/** Evaluations with chosen figures. */
final class Rounds {
  private Rounds() {}

  static EvaluationRound of(int right, double greedy, double thinks, double length) {
    return new EvaluationRound(
        measured(right, thinks, length),
        measured((int) (greedy * 512), thinks, length),
        measured(right / 2, thinks, length),
        List.of(
            new EvaluationRound.Example(
                "1+2=?",
                right > 256 ? "<think>1+2=3</think>\n<answer>3</answer>" : "<answer>4</answer>",
                "3",
                right > 256 ? "correct" : "wrong")));
  }

  private static Measured measured(int right, double thinks, double length) {
    return new Measured(
        512,
        1,
        Interval.wilson(right, 512),
        right / 512.0,
        right / 512.0,
        0.75,
        thinks,
        thinks == 0 ? Double.NaN : 0.5,
        length,
        length / 2,
        0,
        0);
  }
}
