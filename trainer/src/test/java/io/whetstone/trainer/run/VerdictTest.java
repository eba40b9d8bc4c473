package io.whetstone.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VerdictTest {
  @TempDir Path runs;

  @Test
  void learned() {
    try (RunDirectory run = RunDirectory.create(runs, "one")) {
      assertEquals(
          """
          Learned: held-out pass@1 15.0 % (12.2 % to 18.4 %) → 94.1 % (91.8 % to 95.9 %) on 512 tasks.
          The difference is +79.1 points (95 % confidence +75.0 to +82.4).

            pass@1, one sample               15.0 % →   94.1 %
            greedy accuracy                   3.1 % →   96.9 %
            accuracy given thinking               – →   50.0 %
            longer than any demonstration     7.4 % →   47.1 %
            rollouts that think               0.0 % →   99.0 %
            thought, tokens                     8.0 →     18.5
            completion, tokens                 16.0 →     37.0
            format kept                      75.0 % →   75.0 %
            cut off at the limit              0.0 % →    0.0 %

            1+2=?   (answer 3)
              before  <answer>4</answer>   [wrong]
              after   <think>1+2=3</think>
                      <answer>3</answer>   [correct]

          RUN
            metrics.jsonl  every step's figures     rollouts/     every completion with its scores
            summary.json   the figures above        checkpoints/  the trained model
          """
              .replace("RUN", run.path().toString()),
          new Verdict(Rounds.of(77, 0.032, 0, 16), Rounds.of(482, 0.97, 0.99, 37)).text(run));
    }
  }

  private static String headline(int before, int after) {
    return new Verdict(Rounds.of(before, 0.1, 0.5, 16), Rounds.of(after, 0.1, 0.5, 16)).headline();
  }

  @Test
  void didNotLearn() {
    assertEquals(
        """
        Did not learn: held-out pass@1 15.0 % (12.2 % to 18.4 %) → 16.4 % (13.5 % to 19.9 %) on 512 tasks.
        The difference of +1.4 points is within chance (95 % confidence -3.1 to +5.8).
        """,
        headline(77, 84));
    assertEquals(Verdict.Outcome.NOT_LEARNED, Verdict.Outcome.of(round(512), round(512)));
  }

  @Test
  void gotWorse() {
    assertEquals(
        """
        Got worse: held-out pass@1 50.0 % (45.7 % to 54.3 %) → 0.0 % (0.0 % to 0.7 %) on 512 tasks.
        The difference is -50.0 points (95 % confidence -54.3 to -45.6).
        """,
        headline(256, 0));
  }

  @Test
  void whatWasKnownAlreadyIsNotCalledLearnedAlone() {
    String headline =
        new Verdict(Rounds.of(113, 0.98, 0.5, 20), Rounds.of(450, 0.99, 0.9, 30)).headline();
    assertEquals(
        "But 97.9 % of its greedy answers were right before: it became sure of what it knew.",
        headline.lines().toList().getLast());
  }

  private static io.whetstone.trainer.evaluation.EvaluationRound round(int right) {
    return Rounds.of(right, 0.1, 0.5, 16);
  }
}
