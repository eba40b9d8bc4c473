package io.whetstone.rewards.models;

import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.models.StepRule.Span;
import io.whetstone.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Completions in a reward model's ids: the policy's, where both have one tokenizer, else their text
 * read anew.
 *
 * @param model the reward model's tokenizer
 * @param policy that of the completions' ids, where they have any
 */
public record CompletionIds(Tokenizer model, Optional<Tokenizer> policy) {

  /** Whether the policy's ids are the model's too. */
  public boolean shared() {
    return policy.map(tokenizer -> tokenizer.sha256().equals(model.sha256())).orElse(false);
  }

  /**
   * The model's ids of a completion.
   *
   * @param text without a final stop token
   * @param ids the policy's; empty where only the text is known
   * @param ended whether it came to its own end, which is then the model's end of sequence
   */
  public int[] of(String text, int[] ids, boolean ended) {
    if (shared() && ids.length > 0) {
      return ids;
    }
    int[] read = model.encode(text);
    if (!ended || model.endOfSequence().isEmpty()) {
      return read;
    }
    int[] whole = Arrays.copyOf(read, read.length + 1);
    whole[read.length] = model.endOfSequence().getFirst();
    return whole;
  }

  /** The same of a candidate for a reward. */
  int[] of(Candidate candidate) {
    return of(candidate.text(), candidate.ids(), candidate.stopReason().startsWith("end"));
  }

  /**
   * A completion's steps, by the model's tokens and by the policy's.
   *
   * @param scored the model's tokens of each step
   * @param trained the policy's of the same; the model's again where only the text is known
   */
  public record Steps(List<Span> scored, List<Span> trained) {
    /** The steps that both have tokens for. */
    public Steps {
      int both = Math.min(scored.size(), trained.size());
      scored = List.copyOf(scored.subList(0, both));
      trained = List.copyOf(trained.subList(0, both));
    }
  }

  /**
   * The steps of a completion: where they end is found in its text, so that two tokenizers cut it
   * at the same characters, each after the token that holds a step's last one.
   *
   * @param read what {@link #of} made of it
   */
  public Steps steps(StepRule rule, String text, int[] ids, int[] read) {
    List<Span> steps = rule.split(text);
    List<Span> scored = StepRule.tokens(steps, read, model);
    boolean one = ids.length == 0 || shared() || policy.isEmpty();
    return new Steps(scored, one ? scored : StepRule.tokens(steps, ids, policy.get()));
  }
}
