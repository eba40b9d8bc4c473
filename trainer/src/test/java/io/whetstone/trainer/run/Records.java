package io.whetstone.trainer.run;

import io.whetstone.rewards.Score;
import io.whetstone.rewards.StepScore;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.SplittableRandom;

/** Rollouts with everything in them that a record can hold. */
final class Records {
  private Records() {}

  static RolloutRecord of(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int length = random.nextInt(1, 12);
    int[] ids = new int[length];
    float[] logprobs = new float[length];
    boolean[] trained = new boolean[length];
    boolean[] forced = new boolean[length];
    double[] advantages = new double[length];
    double one = random.nextDouble(-2, 2);
    for (int t = 0; t < length; t++) {
      ids[t] = random.nextInt(150_000);
      logprobs[t] = -Float.intBitsToFloat(random.nextInt(0x7f000000));
      trained[t] = random.nextBoolean();
      forced[t] = seed % 2 == 0 && !trained[t];
      advantages[t] = seed % 3 == 0 ? random.nextDouble(-2, 2) : one;
    }
    return new RolloutRecord(
        "sums/" + seed,
        "1+2=?\n\"\u2028ä\uD83D\uDE00",
        (int) seed,
        2,
        1,
        "<think>1+2=3</think><answer>3</answer>",
        ids,
        logprobs,
        trained,
        forced,
        "end-of-sequence",
        41,
        scores(random),
        seed % 4 == 0 ? OptionalDouble.empty() : OptionalDouble.of(random.nextDouble()),
        seed % 5 == 0 ? new double[0] : advantages);
  }

  private static Map<String, Score> scores(SplittableRandom random) {
    Map<String, Score> scores = new LinkedHashMap<>();
    scores.put("format", Score.wrong());
    scores.put("accuracy", Score.correct().withExtracted("3"));
    scores.put(
        "process",
        Score.scored(random.nextDouble())
            .withSteps(List.of(new StepScore(0, 2, 0.1), new StepScore(2, 7, -1e-300))));
    scores.put("judge", Score.timeout("10 s passed").withNote("url", "http://localhost"));
    scores.put("code", Score.programTimeout());
    scores.put("tests", Score.notApplicable());
    scores.put("plugin", Score.error("it threw"));
    return scores;
  }
}
