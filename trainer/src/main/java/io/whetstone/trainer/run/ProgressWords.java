package io.whetstone.trainer.run;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The figures of a step that are worth a glance, short. */
final class ProgressWords {
  private ProgressWords() {}

  /**
   * Such as {@code reward 0.714 pass@1 63 % think 21 tok 9.1k tok/s}; without what is absent.
   *
   * <p>The mean of {@code accuracy} (right 1, wrong 0) over a step's rollouts is its pass@1 on
   * training tasks.
   */
  static String of(Map<String, Double> metrics) {
    List<String> words = new ArrayList<>();
    add(words, "loss %.3f", metrics.get("sft/loss"));
    add(words, "reward %.3f", metrics.get("reward/mean"));
    add(words, "pass@1 %.0f %%", percent(metrics.get("reward/accuracy/mean")));
    add(words, "think %.0f tok", metrics.get("completion/think-length-mean"));
    Double speed = metrics.get("time/tokens-per-second");
    if (speed != null && speed >= 1000) {
      add(words, "%.1fk tok/s", speed / 1000);
    } else {
      add(words, "%.0f tok/s", speed);
    }
    return String.join("  ", words);
  }

  /** Such as {@code drawing: 12 of 64 completions, 5,120 tokens}. */
  static String drawing(int done, int all, long tokens) {
    return String.format(
        Locale.ROOT, "drawing: %d of %d completions, %,d tokens", done, all, tokens);
  }

  private static Double percent(Double share) {
    return share == null ? null : share * 100;
  }

  private static void add(List<String> words, String form, Double value) {
    if (value != null && Double.isFinite(value)) {
      words.add(String.format(Locale.ROOT, form, value));
    }
  }
}
