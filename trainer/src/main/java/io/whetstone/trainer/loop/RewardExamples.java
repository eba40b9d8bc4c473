package io.whetstone.trainer.loop;

import io.whetstone.datasets.Task;
import io.whetstone.rewards.Outcome;
import io.whetstone.rewards.Score;
import io.whetstone.rewards.models.RewardForm;
import io.whetstone.rewards.models.StepLabels;
import io.whetstone.rewards.models.StepRule;
import io.whetstone.rewards.models.StepRule.Span;
import io.whetstone.tokenizer.Tokenizer;
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
  private final Tokenizer tokenizer;
  private final TrueSteps truth;
  private final Optional<StepLabeler> labeler;

  /**
   * @param labeler labels drawn steps; only where they are labelled by rollouts
   */
  RewardExamples(RewardModel settings, Tokenizer tokenizer, Optional<StepLabeler> labeler) {
    this.settings = settings;
    this.tokenizer = tokenizer;
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

  private static RewardExample example(ScoredRollout group, List<Labelled> completions) {
    return new RewardExample(
        group.rollout().visit().task().id(), group.rollout().prompt(), completions);
  }

  private Labelled outcome(ScoredRollout group, int i) {
    int[] ids = group.rollout().completions().get(i).ids();
    double right = right(group, i);
    return new Labelled(
        ids, new int[] {end(ids)}, new double[] {right}, new double[] {Double.NaN}, right);
  }

  /** The last token that is not padding. */
  private int end(int[] ids) {
    int pad = tokenizer.pad().orElse(-1);
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
    List<List<List<Span>>> spans = new ArrayList<>();
    List<double[][]> truths = new ArrayList<>();
    for (ScoredRollout group : groups) {
      Task task = group.rollout().visit().task();
      var completions = group.rollout().completions();
      double[][] its = new double[completions.size()][];
      List<List<Span>> ofGroup = new ArrayList<>();
      for (int i = 0; i < its.length; i++) {
        ofGroup.add(
            settings.split().split(completions.get(i).text(), completions.get(i).ids(), tokenizer));
        double[] known = truth.of(task, completions.get(i).text(), right(group, i) == 1);
        its[i] = Arrays.copyOf(known, ofGroup.get(i).size());
      }
      spans.add(ofGroup);
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
        int[] ends = spans.get(g).get(i).stream().mapToInt(span -> span.to() - 1).toArray();
        if (ends.length > 0 && !Double.isNaN(right)) {
          int[] ids = groups.get(g).rollout().completions().get(i).ids();
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
  List<List<RewardExample>> of(Path file, PromptEncoder prompts, HeldOutGuard guard) {
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
      int[] ids = tokenizer.encode(text.toString());
      int[] ends =
          StepRule.tokens(steps, ids, tokenizer).stream().mapToInt(s -> s.to() - 1).toArray();
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
