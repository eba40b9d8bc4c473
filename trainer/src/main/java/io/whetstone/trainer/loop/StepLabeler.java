package io.whetstone.trainer.loop;

import io.whetstone.generation.Completion;
import io.whetstone.generation.GenerationRequest;
import io.whetstone.generation.Sampler;
import io.whetstone.generation.StopRules;
import io.whetstone.generation.TokenListener;
import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.Group;
import io.whetstone.rewards.Outcome;
import io.whetstone.rewards.RewardPipeline;
import io.whetstone.rewards.Score;
import io.whetstone.rewards.ScoredGroup;
import io.whetstone.rewards.models.StepRule;
import io.whetstone.rewards.models.StepRule.Span;
import io.whetstone.tensor.Philox;
import io.whetstone.tensor.Sampling;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.trainer.config.Drawing;
import io.whetstone.trainer.config.Labeling;
import io.whetstone.trainer.rollout.PromptEncoder;
import io.whetstone.trainer.rollout.ScoredRollout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Labels steps by what the policy reaches from them (Math-Shepherd, Wang et al. 2024, §3.2): from
 * each step's end some continuations are drawn and verified. The last step's label is whether the
 * completion itself is right.
 */
final class StepLabeler {
  private final Labeling settings;
  private final StepRule rule;
  private final Drawing drawing;
  private final Tokenizer tokenizer;
  private final Sampler sampler;
  private final PromptEncoder prompts;
  private final RewardPipeline rewards;
  private final long key;

  /**
   * @param rewards among them the drawing's {@code solved-by}
   * @param key of the continuations' random numbers
   */
  StepLabeler(
      Labeling settings,
      StepRule rule,
      Drawing drawing,
      Tokenizer tokenizer,
      Sampler sampler,
      PromptEncoder prompts,
      RewardPipeline rewards,
      long key) {
    this.settings = settings;
    this.rule = rule;
    this.drawing = drawing;
    this.tokenizer = tokenizer;
    this.sampler = sampler;
    this.prompts = prompts;
    this.rewards = rewards;
    this.key = key;
  }

  /** The beginning of a completion in a group: completions that begin alike are drawn from once. */
  private record Beginning(int group, List<Integer> ids) {}

  /**
   * Labels of all groups' completions, a number a step.
   *
   * @param spans for each group and completion, its steps in tokens
   * @param metrics takes in what it cost
   */
  double[][][] labels(
      List<ScoredRollout> groups,
      List<List<List<Span>>> spans,
      int step,
      Map<String, Double> metrics)
      throws InterruptedException {
    Map<Beginning, Integer> asked = new LinkedHashMap<>();
    List<GenerationRequest> requests = new ArrayList<>();
    for (int g = 0; g < groups.size(); g++) {
      for (int i = 0; i < spans.get(g).size(); i++) {
        int[] ids = groups.get(g).rollout().completions().get(i).ids();
        List<Span> steps = spans.get(g).get(i);
        for (int s = 0; s < steps.size() - 1; s++) {
          int[] begun = Arrays.copyOf(ids, steps.get(s).to());
          Beginning beginning = new Beginning(g, Arrays.stream(begun).boxed().toList());
          if (!asked.containsKey(beginning) && begun.length < drawing.decoding().maxTokens()) {
            asked.put(beginning, requests.size());
            requests.add(request(groups.get(g).rollout().prompt(), begun, g, i, s, step));
          }
        }
      }
    }
    List<List<Completion>> drawn = sampler.generate(requests, TokenListener.NONE);
    double[] shares = shares(groups, asked, drawn, step);
    metrics.put("labels/continuations", (double) requests.size() * settings.continuations());
    metrics.put(
        "labels/tokens",
        (double) drawn.stream().flatMap(List::stream).mapToLong(c -> c.ids().length).sum());
    return spread(groups, spans, asked, shares);
  }

  private GenerationRequest request(int[] prompt, int[] begun, int g, int i, int s, int step) {
    int[] ids = Arrays.copyOf(prompt, prompt.length + begun.length);
    System.arraycopy(begun, 0, ids, prompt.length, begun.length);
    return new GenerationRequest(
        ids,
        settings.continuations(),
        new Sampling(
            (float) drawing.decoding().temperature(),
            drawing.decoding().topK(),
            (float) drawing.decoding().topP(),
            (float) drawing.decoding().minP()),
        new StopRules(
            drawing.decoding().maxTokens() - begun.length,
            new HashSet<>(tokenizer.endOfSequence()),
            drawing.decoding().stop()),
        Philox.derive(key, step, g, i, s));
  }

  /** For each request, the share of its continuations that end in a right answer. */
  private double[] shares(
      List<ScoredRollout> groups,
      Map<Beginning, Integer> asked,
      List<List<Completion>> drawn,
      int step)
      throws InterruptedException {
    List<Group> whole = new ArrayList<>();
    for (Map.Entry<Beginning, Integer> entry : asked.entrySet()) {
      int[] ids = entry.getKey().ids().stream().mapToInt(i -> i).toArray();
      String begun = tokenizer.decode(ids);
      var task = groups.get(entry.getKey().group()).rollout().visit().task();
      List<Candidate> candidates = new ArrayList<>();
      for (Completion rest : drawn.get(entry.getValue())) {
        int[] all = Arrays.copyOf(ids, ids.length + rest.ids().length);
        System.arraycopy(rest.ids(), 0, all, ids.length, rest.ids().length);
        candidates.add(new Candidate(begun + rest.text(), all, rest.stop().text()));
      }
      whole.add(new Group(task, prompts.assistantPrefix(task), candidates));
    }
    double[] shares = new double[whole.size()];
    List<ScoredGroup> scored = rewards.score(whole, step);
    for (int r = 0; r < shares.length; r++) {
      List<Score> scores = scored.get(r).scores().get(drawing.solvedBy());
      long right = scores.stream().filter(score -> score.outcome() == Outcome.CORRECT).count();
      shares[r] = (double) right / scores.size();
    }
    return shares;
  }

  private double[][][] spread(
      List<ScoredRollout> groups,
      List<List<List<Span>>> spans,
      Map<Beginning, Integer> asked,
      double[] shares) {
    int n = settings.continuations();
    double[][][] labels = new double[groups.size()][][];
    for (int g = 0; g < labels.length; g++) {
      labels[g] = new double[spans.get(g).size()][];
      List<Score> outcomes = groups.get(g).scores().scores().get(drawing.solvedBy());
      for (int i = 0; i < labels[g].length; i++) {
        int[] ids = groups.get(g).rollout().completions().get(i).ids();
        List<Span> steps = spans.get(g).get(i);
        boolean right = outcomes.get(i).outcome() == Outcome.CORRECT;
        labels[g][i] = new double[steps.size()];
        for (int s = 0; s < steps.size(); s++) {
          List<Integer> begun = Arrays.stream(ids, 0, steps.get(s).to()).boxed().toList();
          Integer request = s < steps.size() - 1 ? asked.get(new Beginning(g, begun)) : null;
          // The completion itself is one continuation more.
          double own = right ? 1 : 0;
          double share = request == null ? own : (shares[request] * n + own) / (n + 1);
          labels[g][i][s] =
              switch (settings.estimate()) {
                case HARD -> share > 0 ? 1 : 0;
                case SOFT -> share;
              };
        }
      }
    }
    return labels;
  }
}
