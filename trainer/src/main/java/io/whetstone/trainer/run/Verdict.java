package io.whetstone.trainer.run;

import io.whetstone.trainer.algorithm.Interval;
import io.whetstone.trainer.evaluation.EvaluationRound;
import io.whetstone.trainer.evaluation.Measured;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.regex.Pattern;

/**
 * What a run came to, in plain words: whether held-out pass@1 rose by more than chance explains,
 * what else changed, and a few rollouts before and after.
 */
public final class Verdict {
  /** A greedy accuracy from which on the model knew the answers before and only had to say them. */
  private static final double KNEW_ALREADY = 0.9;

  private static final Pattern CONTROL = Pattern.compile("[\\p{Cntrl}&&[^\n]]");

  /** Whether the policy is better than before. */
  public enum Outcome {
    LEARNED("Learned"),
    NOT_LEARNED("Did not learn"),
    WORSE("Got worse");

    private final String words;

    Outcome(String words) {
      this.words = words;
    }

    /**
     * Learned or worse where the 95 % interval of the difference in pass@1 leaves 0 out. The same
     * tasks are met before and after, but their answers are taken as independent, which makes the
     * interval rather too wide than too narrow.
     */
    public static Outcome of(EvaluationRound before, EvaluationRound after) {
      Interval difference = difference(before, after);
      if (difference.low() > 0) {
        return LEARNED;
      }
      return difference.high() < 0 ? WORSE : NOT_LEARNED;
    }
  }

  private final EvaluationRound before;
  private final EvaluationRound after;

  public Verdict(EvaluationRound before, EvaluationRound after) {
    this.before = before;
    this.after = after;
  }

  /** The whole text, lines ended by newlines. */
  public String text(RunDirectory run) {
    return headline() + figures() + examples() + places(run);
  }

  /** The first sentence, with a note where it alone would mislead. */
  public String headline() {
    Interval a = before.sampled().passAt1();
    Interval b = after.sampled().passAt1();
    Interval difference = difference(before, after);
    Outcome outcome = Outcome.of(before, after);
    StringBuilder text = new StringBuilder();
    text.append(
        "%s: held-out pass@1 %s → %s on %d tasks.\n"
            .formatted(outcome.words, percent(a), percent(b), after.sampled().tasks()));
    String form =
        outcome == Outcome.NOT_LEARNED
            ? "The difference of %s points is within chance (95 %% confidence %s to %s).\n"
            : "The difference is %s points (95 %% confidence %s to %s).\n";
    text.append(
        form.formatted(
            points(difference.estimate()), points(difference.low()), points(difference.high())));
    double greedy = accuracy(before.greedy());
    if (outcome == Outcome.LEARNED && greedy >= KNEW_ALREADY) {
      text.append(
          "But %s of its greedy answers were right before: it became sure of what it knew.\n"
              .formatted(percent(greedy)));
    }
    if (after.sampled().failed() > 0) {
      text.append(
          "%d completions could not be judged and count neither way.\n"
              .formatted(after.sampled().failed()));
    }
    return text.toString();
  }

  private String figures() {
    StringBuilder table = new StringBuilder("\n");
    row(table, "pass@1, one sample", r -> r.sampled().passAt1().estimate(), Verdict::percent);
    row(table, "greedy accuracy", r -> accuracy(r.greedy()), Verdict::percent);
    row(table, "accuracy given thinking", r -> r.sampled().accuracyThinking(), Verdict::percent);
    row(table, "longer than any demonstration", r -> accuracy(r.longer()), Verdict::percent);
    row(table, "rollouts that think", r -> r.sampled().thinks(), Verdict::percent);
    row(table, "thought, tokens", r -> r.sampled().thoughtLengthMean(), Verdict::number);
    row(table, "completion, tokens", r -> r.sampled().lengthMean(), Verdict::number);
    row(table, "format kept", r -> r.sampled().format(), Verdict::percent);
    row(table, "cut off at the limit", r -> r.sampled().truncated(), Verdict::percent);
    return table.toString();
  }

  private interface Form {
    String of(double value);
  }

  /** Rows that were measured neither before nor after are left out. */
  private void row(
      StringBuilder table, String name, ToDoubleFunction<EvaluationRound> figure, Form form) {
    double a = figure.applyAsDouble(before);
    double b = figure.applyAsDouble(after);
    if (!Double.isNaN(a) || !Double.isNaN(b)) {
      table.append("  %-30s %8s → %8s\n".formatted(name, form.of(a), form.of(b)));
    }
  }

  private String examples() {
    StringBuilder text = new StringBuilder();
    int count = Math.min(before.examples().size(), after.examples().size());
    for (int i = 0; i < count; i++) {
      EvaluationRound.Example a = before.examples().get(i);
      EvaluationRound.Example b = after.examples().get(i);
      text.append("\n  %s".formatted(indented(a.prompt())));
      text.append(a.answer().isEmpty() ? "\n" : "   (answer %s)\n".formatted(a.answer()));
      text.append("    before  %s   [%s]\n".formatted(indented(a.completion()), a.outcome()));
      text.append("    after   %s   [%s]\n".formatted(indented(b.completion()), b.outcome()));
    }
    return text.toString();
  }

  /** A model may write anything: what would move a terminal's cursor is spelled out. */
  private static String indented(String text) {
    String visible =
        CONTROL
            .matcher(text.strip())
            .replaceAll(c -> String.format(Locale.ROOT, "\\\\x%02x", (int) c.group().charAt(0)));
    return visible.replace("\n", "\n            ");
  }

  private static String places(RunDirectory run) {
    return """

    %s
      metrics.jsonl  every step's figures     rollouts/     every completion with its scores
      summary.json   the figures above        checkpoints/  the trained model
    """
        .formatted(run.path());
  }

  private static Interval difference(EvaluationRound before, EvaluationRound after) {
    return after.sampled().passAt1().minus(before.sampled().passAt1());
  }

  private static double accuracy(Measured measured) {
    return measured == null ? Double.NaN : measured.passAt1().estimate();
  }

  private static String percent(Interval share) {
    return "%s (%s to %s)"
        .formatted(percent(share.estimate()), percent(share.low()), percent(share.high()));
  }

  private static String percent(double share) {
    return Double.isNaN(share) ? "–" : String.format(Locale.ROOT, "%.1f %%", share * 100);
  }

  private static String number(double value) {
    return Double.isNaN(value) ? "–" : String.format(Locale.ROOT, "%.1f", value);
  }

  private static String points(double share) {
    return String.format(Locale.ROOT, "%+.1f", share * 100);
  }
}
