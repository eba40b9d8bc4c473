package io.whetstone.trainer.loop;

import io.whetstone.datasets.Task;
import io.whetstone.rewards.models.StepRule;
import io.whetstone.rewards.models.StepRule.Span;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Which steps of a completion are right by the task's own steps: step i where it is, tags and
 * separators apart, the task's step i; one that holds the answer where the completion is right.
 */
record TrueSteps(StepRule rule) {
  private static final Pattern TAG = Pattern.compile("<[^<>]*>");

  /** 1 or 0 a step; all NaN where the task does not know its steps. */
  double[] of(Task task, String text, boolean right) {
    List<Span> spans = rule.split(text);
    double[] truth = new double[spans.size()];
    for (int s = 0; s < truth.length; s++) {
      String step = text.substring(spans.get(s).from(), spans.get(s).to());
      boolean good =
          step.contains("<answer>")
              ? right
              : s < task.steps().size() && bare(step).equals(bare(task.steps().get(s)));
      truth[s] = task.steps().isEmpty() ? Double.NaN : good ? 1 : 0;
    }
    return truth;
  }

  private String bare(String step) {
    String text = step;
    if (!rule.ends().isEmpty()) {
      text = text.replaceAll("(?:" + rule.ends() + ")$", "");
    }
    return TAG.matcher(text).replaceAll("").strip();
  }
}
