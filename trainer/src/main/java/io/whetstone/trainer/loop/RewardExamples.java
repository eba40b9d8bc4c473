package io.whetstone.trainer.loop;

import io.whetstone.datasets.Task;
import io.whetstone.generation.Completion;
import io.whetstone.rewards.Outcome;
import io.whetstone.rewards.Score;
import io.whetstone.rewards.models.CompletionIds;
import io.whetstone.rewards.models.RewardForm;
import io.whetstone.rewards.models.StepLabels;
import io.whetstone.rewards.models.StepRule;
import io.whetstone.rewards.models.StepRule.Span;
import io.whetstone.trainer.config.Labeling;
import io.whetstone.trainer.config.RewardModel;
import io.whetstone.trainer.loop.RewardExample.Labelled;
import io.whetstone.trainer.rollout.PromptEncoder;
import io.whetstone.trainer.rollout.ScoredRollout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Makes a reward model's examples of what was drawn, or of what a file has. */
final class RewardExamples {
  private final RewardModel settings;
  private final CompletionIds reading;
  private final PromptEncoder prompts;
  private final TrueSteps truth;
  private final Optional<StepLabeler> labeler;

  /**
   * @param reading the model's tokenizer and the policy's
   * @param prompts by the model's
   * @param labeler labels drawn steps; only where they are labelled by rollouts
   */
  RewardExamples(
      RewardModel settings,
      CompletionIds reading,
      PromptEncoder prompts,
      Optional<StepLabeler> labeler) {
    this.settings = settings;
    this.reading = reading;
    this.prompts = prompts;
    this.truth = new TrueSteps(settings.split());
    this.labeler = labeler;
  }

  /** A list of examples a group. */
  List<List<RewardExample>> of(List<ScoredRollout> groups, int step, Map<String, Double> metrics)
      throws InterruptedException {
    if (settings.form().kind() == RewardForm.Kind.PROCESS) {
      return steps(groups, step, metrics);
    }
    List<List<RewardExample>> examples = new ArrayList<>();
    Pairs pairing = new Pairs(settings.pairing());
    for (ScoredRollout group : groups) {
      List<RewardExample> its = new ArrayList<>();
      if (settings.comparesPairs()) {
        for (int[] pair : pairing.of(group)) {
          its.add(example(group, List.of(outcome(group, pair[0]), outcome(group, pair[1]))));
        }
      } else {
        for (int i = 0; i < group.rollout().completions().size(); i++) {
          Labelled completion = outcome(group, i);
          if (!Double.isNaN(completion.right())) {
            its.add(example(group, List.of(completion)));
          }
        }
      }
      examples.add(its);
    }
    return examples;
  }

  private RewardExample example(ScoredRollout group, List<Labelled> completions) {
    Task task = group.rollout().visit().task();
    int[] prompt =
        reading.shared() ? group.rollout().prompt() : prompts.encode(task, longest(completions));
    return new RewardExample(task.id(), prompt, completions);
  }

  private static int longest(List<Labelled> completions) {
    return completions.stream().mapToInt(completion -> completion.ids().length).max().orElse(0);
  }

  /** A completion's ids as the model reads them. */
  private int[] read(Completion completion) {
    return reading.of(
        completion.text(), completion.ids(), completion.stop().text().startsWith("end"));
  }

  private Labelled outcome(ScoredRollout group, int i) {
    int[] ids = read(group.rollout().completions().get(i));
    double right = right(group, i);
    return new Labelled(
        ids, new int[] {end(ids)}, new double[] {right}, new double[] {Double.NaN}, right);
  }

  /** The last token that is not padding. */
  private int end(int[] ids) {
    int pad = reading.model().pad().orElse(-1);
    int end = ids.length - 1;
    while (end >= 0 && ids[end] == pad) {
      end--;
    }
    return end;
  }

  /** 1 or 0; NaN where the verifier failed or has nothing to say. */
  private double right(ScoredRollout group, int i) {
    Score score = group.scores().scores().get(settings.rollouts().orElseThrow().solvedBy()).get(i);
    return score.value().isEmpty() ? Double.NaN : score.outcome() == Outcome.CORRECT ? 1 : 0;
  }

  private List<List<RewardExample>> steps(
      List<ScoredRollout> groups, int step, Map<String, Double> metrics)
      throws InterruptedException {
    List<List<List<Span>>> spans = new ArrayList<>(); // in the policy's tokens
    List<List<List<Span>>> scored = new ArrayList<>(); // in the model's
    List<double[][]> truths = new ArrayList<>();
    for (ScoredRollout group : groups) {
      Task task = group.rollout().visit().task();
      var completions = group.rollout().completions();
      double[][] its = new double[completions.size()][];
      List<List<Span>> ofGroup = new ArrayList<>();
      List<List<Span>> scoredOfGroup = new ArrayList<>();
      for (int i = 0; i < its.length; i++) {
        Completion completion = completions.get(i);
        CompletionIds.Steps steps =
            reading.steps(settings.split(), completion.text(), completion.ids(), read(completion));
        ofGroup.add(steps.trained());
        scoredOfGroup.add(steps.scored());
        double[] known = truth.of(task, completions.get(i).text(), right(group, i) == 1);
        its[i] = Arrays.copyOf(known, ofGroup.get(i).size());
      }
      spans.add(ofGroup);
      scored.add(scoredOfGroup);
      truths.add(its);
    }
    double[][][] labels =
        settings.labeling().by() == Labeling.By.TRUTH
            ? truths.toArray(double[][][]::new)
            : labeler.orElseThrow().labels(groups, spans, step, metrics);
    List<List<RewardExample>> examples = new ArrayList<>();
    for (int g = 0; g < groups.size(); g++) {
      List<RewardExample> its = new ArrayList<>();
      for (int i = 0; i < spans.get(g).size(); i++) {
        double right = right(groups.get(g), i);
        int[] ends = scored.get(g).get(i).stream().mapToInt(span -> span.to() - 1).toArray();
        if (ends.length > 0 && !Double.isNaN(right)) {
          int[] ids = read(groups.get(g).rollout().completions().get(i));
          its.add(
              example(
                  groups.get(g),
                  List.of(new Labelled(ids, ends, labels[g][i], truths.get(g)[i], right))));
        }
      }
      examples.add(its);
    }
    return examples;
  }

  /** Pairs of a file, a list a line: those of one line are held out together. */
  List<List<RewardExample>> of(List<List<PairSource.Pair>> lines) {
    return lines.stream().map(line -> line.stream().map(this::example).toList()).toList();
  }

  private RewardExample example(PairSource.Pair pair) {
    List<Labelled> completions = new ArrayList<>();
    for (int[] ids : pair.lesson().completions()) {
      completions.add(
          new Labelled(
              ids,
              new int[] {end(ids)},
              new double[] {Double.NaN},
              new double[] {Double.NaN},
              Double.NaN));
    }
    return new RewardExample(
        pair.lesson().task(), pair.lesson().prompt(), completions, pair.margin());
  }

  /**
   * Solutions of a file, an example each.
   *
   * @param guard knows what may not be trained on
   */
  List<List<RewardExample>> of(Path file, HeldOutGuard guard) {
    List<List<RewardExample>> examples = new ArrayList<>();
    for (StepLabels solution :
        StepLabels.read(file, settings.labelledSteps().orElseThrow().format())) {
      guard.check(solution.where(), solution.prompt());
      StringBuilder text = new StringBuilder();
      List<Span> steps = new ArrayList<>();
      for (String step : solution.steps()) {
        steps.add(new Span(text.length(), text.length() + step.length()));
        text.append(step);
      }
      int[] ids = reading.model().encode(text.toString());
      int[] ends =
          StepRule.tokens(steps, ids, reading.model()).stream().mapToInt(s -> s.to() - 1).toArray();
      double[] labels = Arrays.copyOf(solution.labels(), ends.length);
      double[] unknown = new double[ends.length];
      Arrays.fill(unknown, Double.NaN);
      Task task =
          new Task(solution.where(), solution.prompt(), Optional.empty(), List.of(), Map.of());
      int[] prompt = prompts.encode(task, ids.length);
      examples.add(
          List.of(
              new RewardExample(
                  solution.where(),
                  prompt,
                  List.of(new Labelled(ids, ends, labels, unknown, Double.NaN)))));
    }
    return examples;
  }
}
