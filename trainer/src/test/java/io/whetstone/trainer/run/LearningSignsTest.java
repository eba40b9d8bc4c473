package io.whetstone.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;

class LearningSignsTest {
  private static Map<String, Double> healthy(int step) {
    Map<String, Double> metrics = new HashMap<>();
    // Rises, then stays: a plateau is no sign.
    metrics.put("reward/mean", Math.min(1, 0.2 + step * 0.02) + 0.01 * (step % 3));
    metrics.put("groups/total", 16.0);
    metrics.put("groups/without-variance", 8.0);
    metrics.put("groups/dropped-without-variance", 0.0);
    metrics.put("groups/dropped-too-few", 0.0);
    metrics.put("policy/entropy", Math.max(0.01, 0.8 - step * 0.01));
    metrics.put("policy/clip-fraction-low", 0.01);
    metrics.put("policy/clip-fraction-high", 0.02);
    metrics.put("completion/truncated", 0.1);
    return metrics;
  }

  private static List<String> said(int steps, IntFunction<Map<String, Double>> change) {
    LearningSigns signs = new LearningSigns();
    List<String> said = new ArrayList<>();
    for (int step = 1; step <= steps; step++) {
      Map<String, Double> metrics = healthy(step);
      metrics.putAll(change.apply(step));
      said.addAll(signs.after(metrics));
    }
    return said;
  }

  @Test
  void aRunThatLearnsIsLeftInPeace() {
    assertEquals(List.of(), said(200, step -> Map.of()));
    assertEquals(List.of(), said(30, step -> Map.of("reward/mean", 0.2)), "too early to tell");
    assertEquals(
        List.of(),
        said(200, step -> step % 10 == 0 ? Map.of("completion/truncated", 0.8) : Map.of()),
        "an odd step");
  }

  @Test
  void aFlatRewardIsSpokenOfOnceInFiftySteps() {
    List<String> said = said(100, step -> Map.of("reward/mean", 0.3 + 0.02 * (step % 2)));
    assertEquals(3, said.size(), said.toString());
    assertTrue(said.getFirst().startsWith("the reward has not risen since the stage began (0.31"));
    assertTrue(said.get(1).startsWith("the policy's entropy fell from 0.7"));
    assertEquals(said.getFirst(), said.get(2));
  }

  @Test
  void eachSignHasItsWords() {
    assertTrue(
        said(10, step -> Map.of("groups/dropped-without-variance", 6.0))
            .getFirst()
            .startsWith("88 % of the groups have no two different rewards"));
    assertTrue(
        said(10, step -> Map.of("completion/truncated", 0.4))
            .getFirst()
            .startsWith("40 % of the completions are cut off"));
    assertTrue(
        said(10, step -> Map.of("policy/clip-fraction-high", 0.5))
            .getFirst()
            .startsWith("51 % of the tokens are clipped"));
    assertTrue(
        said(10, step -> Map.of("groups/dropped-too-few", 2.0))
            .getFirst()
            .startsWith("13 % of the groups were dropped"));
  }

  @Test
  void missingKeysSayNothing() {
    LearningSigns signs = new LearningSigns();
    for (int step = 0; step < 100; step++) {
      List<String> said = signs.after(Map.of("sft/loss", 1.0));
      assertEquals(List.of(), said);
    }
  }

  @Test
  void aFirstLossOfNothingIsExplained() {
    Map<String, Double> onPolicy =
        Map.of("policy/loss", 1e-9, "policy/ratio-mean", 1.0, "gradient/norm", 0.83);
    LearningSigns signs = new LearningSigns();
    assertEquals(
        List.of(
            "the first loss is 0, as it should be: every ratio is 1 and a group's advantages add up"
                + " to 0; what teaches is the gradient, of norm 0.830"),
        signs.after(onPolicy));
    assertEquals(List.of(), signs.after(onPolicy), "said once");
    assertEquals(
        List.of(),
        new LearningSigns()
            .after(Map.of("policy/loss", 0.1, "policy/ratio-mean", 1.0, "gradient/norm", 0.83)));
  }
}
