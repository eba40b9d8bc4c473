package io.whetstone.trainer.run;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Says in plain words what a step's metrics tell of reward models; mostly nothing. */
public final class RewardModelWords {
  private static final String HELD_OUT = "reward-model/held-out/";
  private static final String WATCH = "watch/";
  private static final String ALARM = "/alarm";

  /** Hardly better than guessing. */
  private static final double POOR = 0.6;

  private static final double GOOD = 0.8;

  /** A label that is wrong about one step in five teaches little. */
  private static final double AGREEMENT = 0.8;

  private RewardModelWords() {}

  /** What there is to say after a step. */
  public static List<String> of(String stage, Map<String, Double> metrics) {
    List<String> said = new ArrayList<>();
    labels(stage, metrics, said);
    heldOut(stage, metrics, said);
    metrics.keySet().stream()
        .filter(key -> key.startsWith(WATCH) && key.endsWith(ALARM))
        .forEach(key -> watched(key, metrics, said));
    return said;
  }

  private static void labels(String stage, Map<String, Double> metrics, List<String> said) {
    Double agreement = metrics.get("labels/agreement");
    if (agreement != null) {
      said.add(
          words(
              "%s: %.1f %% of the step labels agree with the tasks' own steps (%.1f %% of the bad"
                  + " steps are called good, %.1f %% of the good ones bad)%s",
              stage,
              100 * agreement,
              100 * metrics.get("labels/bad-called-good"),
              100 * metrics.get("labels/good-called-bad"),
              agreement < AGREEMENT ? ": more continuations, or a better policy, would help" : ""));
    }
  }

  private static void heldOut(String stage, Map<String, Double> metrics, List<String> said) {
    for (String what : List.of("completions", "steps", "true-steps")) {
      Double auc = metrics.get(HELD_OUT + what + "/auc");
      if (auc != null) {
        said.add(
            words(
                "%s: on %.0f held-out %s, %.0f %% of them right, it %s (AUC %.3f%s)",
                stage,
                metrics.get(HELD_OUT + what + "/count"),
                what.equals("true-steps") ? "steps, judged by the tasks' own" : what,
                100 * metrics.get(HELD_OUT + what + "/right"),
                separates(auc),
                auc,
                metrics.containsKey(HELD_OUT + what + "/accuracy")
                    ? words(
                        ", accuracy %.1f %%, calibration error %.3f",
                        100 * metrics.get(HELD_OUT + what + "/accuracy"),
                        metrics.get(HELD_OUT + what + "/ece"))
                    : ""));
      }
    }
    Double pairs = metrics.get(HELD_OUT + "pairs");
    if (pairs != null) {
      said.add(
          words("%s: of held-out pairs it prefers the better one in %.1f %%", stage, 100 * pairs));
    }
  }

  private static String separates(double auc) {
    return Double.isNaN(auc)
        ? "has nothing to tell apart"
        : auc < POOR
            ? "hardly tells right from wrong: it is no basis for a policy's training"
            : auc < GOOD ? "tells right from wrong, but not well" : "tells right from wrong well";
  }

  private static void watched(String key, Map<String, Double> metrics, List<String> said) {
    String before = key.substring(0, key.length() - ALARM.length());
    if (metrics.get(key) == 1) {
      said.add(
          words(
              "ALARM: the reward %s no longer tells right from wrong: on what the policy now makes"
                  + " of held-out tasks (%.0f completions, %.0f %% right) its AUC is %.3f. What"
                  + " rises from here on is not ability; train it anew on the policy's present"
                  + " completions, or stop",
              before.substring(WATCH.length()),
              metrics.get(before + "/count"),
              100 * metrics.get(before + "/right"),
              metrics.get(before + "/auc")));
    }
  }

  private static String words(String words, Object... values) {
    return String.format(Locale.ROOT, words, values);
  }
}
