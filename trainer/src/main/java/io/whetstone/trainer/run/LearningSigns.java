package io.whetstone.trainer.run;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Watches a policy stage's metrics and says in plain words when it looks as if nothing, or the
 * wrong thing, is being learned.
 *
 * <p>A sign is spoken of when it holds on the mean of the last {@value #WINDOW} steps, so that one
 * odd step says nothing, and again only {@value #SILENCE} steps later.
 */
public final class LearningSigns {
  private static final int WINDOW = 10;
  private static final int SILENCE = 50;

  /** Steps after which a reward that has not moved is worth a word. */
  private static final int PATIENCE = 40;

  private static final double WITHOUT_VARIANCE = 0.8;
  private static final double TRUNCATED = 0.2;
  private static final double CLIPPED = 0.3;
  private static final double ENTROPY_LEFT = 0.1;
  private static final double DROPPED = 0.05;

  private enum Sign {
    NO_VARIANCE,
    FLAT,
    ENTROPY,
    TRUNCATION,
    CLIPPING,
    ABSENT
  }

  private final Deque<Map<String, Double>> recent = new ArrayDeque<>();
  private final List<Map<String, Double>> first = new ArrayList<>();
  private final Map<Sign, Integer> spoken = new EnumMap<>(Sign.class);
  private int seen;

  /**
   * Takes a step's metrics.
   *
   * @return what there is to say about it; mostly nothing
   */
  public List<String> after(Map<String, Double> metrics) {
    seen++;
    if (first.size() < WINDOW) {
      first.add(metrics);
    }
    recent.addLast(metrics);
    if (recent.size() > WINDOW) {
      recent.removeFirst();
    }
    List<String> said = new ArrayList<>();
    if (seen == 1) {
      firstLoss(metrics, said);
    }
    if (recent.size() == WINDOW) {
      variance(said);
      reward(said);
      entropy(said);
      truncation(said);
      clipping(said);
      absence(said);
    }
    return said;
  }

  /** A first loss of 0 looks like a mistake, and is none. */
  private static void firstLoss(Map<String, Double> metrics, List<String> said) {
    double gradient = metrics.getOrDefault("gradient/norm", 0.0);
    if (Math.abs(metrics.getOrDefault("policy/loss", 1.0)) < 1e-6
        && metrics.getOrDefault("policy/ratio-mean", 0.0) == 1
        && gradient > 0) {
      said.add(
          String.format(
              Locale.ROOT,
              "the first loss is 0, as it should be: every ratio is 1 and a group's advantages add"
                  + " up to 0; what teaches is the gradient, of norm %.3g",
              gradient));
    }
  }

  private void variance(List<String> said) {
    double share =
        mean(recent, "groups/without-variance", "groups/total")
            + mean(recent, "groups/dropped-without-variance", "groups/total");
    if (share >= WITHOUT_VARIANCE) {
      say(
          Sign.NO_VARIANCE,
          said,
          "%s of the groups have no two different rewards and teach nothing: "
              + (!flat()
                  ? "most of these tasks are solved; fewer steps or harder tasks would do"
                  : "the tasks are too easy or too hard, or the temperature is too low"),
          percent(share));
    }
  }

  private void reward(List<String> said) {
    if (seen >= PATIENCE && flat()) {
      say(
          Sign.FLAT,
          said,
          "the reward has not risen since the stage began (%.3f, then %.3f): is the reward"
              + " reachable, the learning rate high enough?",
          mean(first, "reward/mean"),
          mean(recent, "reward/mean"));
    }
  }

  /**
   * Whether the reward's mean has risen by no more than twice the standard error of both windows.
   */
  private boolean flat() {
    double error =
        Math.hypot(deviation(first, "reward/mean"), deviation(recent, "reward/mean"))
            / Math.sqrt(WINDOW);
    return mean(recent, "reward/mean") - mean(first, "reward/mean") <= 2 * error;
  }

  /** A policy that has learned is sure of itself too: only without a risen reward is it a sign. */
  private void entropy(List<String> said) {
    double began = mean(first, "policy/entropy");
    double now = mean(recent, "policy/entropy");
    if (now < ENTROPY_LEFT * began && flat()) {
      say(
          Sign.ENTROPY,
          said,
          "the policy's entropy fell from %.3f to %.3f nats a token while the reward did not rise:"
              + " it no longer explores; lower the learning rate, or raise clip-high",
          began,
          now);
    }
  }

  private void truncation(List<String> said) {
    double share = mean(recent, "completion/truncated");
    if (share > TRUNCATED) {
      say(
          Sign.TRUNCATION,
          said,
          "%s of the completions are cut off at max-tokens before they end: raise it",
          percent(share));
    }
  }

  private void clipping(List<String> said) {
    double share =
        mean(recent, "policy/clip-fraction-low") + mean(recent, "policy/clip-fraction-high");
    if (share > CLIPPED) {
      say(
          Sign.CLIPPING,
          said,
          "%s of the tokens are clipped: the policy moves far in one step; lower the learning rate"
              + " or the updates a batch",
          percent(share));
    }
  }

  private void absence(List<String> said) {
    double share = mean(recent, "groups/dropped-too-few", "groups/total");
    if (share > DROPPED) {
      say(
          Sign.ABSENT,
          said,
          "%s of the groups were dropped because their rewards failed: see notes in rollouts/",
          percent(share));
    }
  }

  private void say(Sign sign, List<String> said, String words, Object... values) {
    Integer last = spoken.get(sign);
    if (last == null || seen - last >= SILENCE) {
      spoken.put(sign, seen);
      said.add(String.format(Locale.ROOT, words, values));
    }
  }

  /** The mean of a key over steps; NaN, of which no comparison holds, where it is missing. */
  private static double mean(Iterable<Map<String, Double>> steps, String key) {
    double sum = 0;
    int count = 0;
    for (Map<String, Double> step : steps) {
      sum += step.getOrDefault(key, Double.NaN);
      count++;
    }
    return sum / count;
  }

  private static double mean(Iterable<Map<String, Double>> steps, String key, String ofKey) {
    return mean(steps, key) / mean(steps, ofKey);
  }

  private static double deviation(Iterable<Map<String, Double>> steps, String key) {
    double mean = mean(steps, key);
    double squares = 0;
    for (Map<String, Double> step : steps) {
      double difference = step.getOrDefault(key, Double.NaN) - mean;
      squares += difference * difference;
    }
    return Math.sqrt(squares / (WINDOW - 1));
  }

  private static String percent(double share) {
    return Math.round(share * 100) + " %";
  }
}
