package io.whetstone.trainer.rollout;

import io.whetstone.generation.Completion;
import io.whetstone.generation.GenerationRequest;
import io.whetstone.generation.Sampler;
import io.whetstone.generation.StopRules;
import io.whetstone.generation.ThinkingBudget;
import io.whetstone.generation.TokenListener;
import io.whetstone.tensor.Philox;
import io.whetstone.tensor.Sampling;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.trainer.config.Decoding;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Draws groups of completions for tasks. */
public final class RolloutSampler {
  private final Sampler sampler;
  private final PromptEncoder prompts;
  private final Sampling sampling;
  private final StopRules stop;
  private final Optional<ThinkingBudget> thinking;
  private final int samples;
  private final boolean greedyToo;
  private final long key;

  /**
   * @param samples completions a task
   * @param greedyToo whether to take one more, of the likeliest tokens, beside each group
   * @param key key of the random numbers; each (visit, task, attempt) draws from a key of its own
   */
  public RolloutSampler(
      Sampler sampler,
      Tokenizer tokenizer,
      PromptEncoder prompts,
      Decoding decoding,
      int samples,
      boolean greedyToo,
      long key) {
    this.sampler = sampler;
    this.prompts = prompts;
    this.samples = samples;
    this.greedyToo = greedyToo;
    this.key = key;
    this.sampling =
        new Sampling(
            (float) decoding.temperature(),
            decoding.topK(),
            (float) decoding.topP(),
            (float) decoding.minP());
    // A chat template's end of turn need not be among the model's ends of sequence.
    Set<Integer> ends = new HashSet<>(tokenizer.endOfSequence());
    int[] end = prompts.endOfAnswer();
    ends.add(end[end.length - 1]);
    this.stop = new StopRules(decoding.maxTokens(), ends, decoding.stop());
    this.thinking = ThinkingBudgets.of(decoding, tokenizer);
  }

  /** Draws one group a task. */
  public List<Rollout> draw(List<TaskVisit> visits, int attempt) {
    List<GenerationRequest> requests = new ArrayList<>();
    for (TaskVisit visit : visits) {
      long itsKey = Philox.derive(key, visit.visit(), visit.index(), attempt);
      int[] ids = prompts.encode(visit.task(), stop.maxTokens());
      requests.add(new GenerationRequest(ids, samples, sampling, stop, thinking, itsKey));
    }
    if (greedyToo) {
      for (int i = 0; i < visits.size(); i++) {
        GenerationRequest sampled = requests.get(i);
        requests.add(
            new GenerationRequest(
                sampled.prompt(), 1, Sampling.GREEDY, stop, thinking, sampled.randomKey()));
      }
    }
    List<List<Completion>> drawn = sampler.generate(requests, TokenListener.NONE);
    List<Rollout> rollouts = new ArrayList<>();
    for (int i = 0; i < visits.size(); i++) {
      Optional<Completion> greedy =
          greedyToo ? Optional.of(drawn.get(visits.size() + i).getFirst()) : Optional.empty();
      rollouts.add(
          new Rollout(visits.get(i), attempt, requests.get(i).prompt(), drawn.get(i), greedy));
    }
    return rollouts;
  }
}
