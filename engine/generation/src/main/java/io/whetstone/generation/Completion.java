package io.whetstone.generation;

/**
 * What the policy made of a prompt.
 *
 * @param ids token ids, a final stop token included
 * @param logprobs for each id, log-softmax(logits / temperature) over the whole vocabulary, in nats
 * @param forced for each id, whether it was put in instead of drawn (see {@link ThinkingBudget})
 * @param text the ids' text with special tokens kept, less a final stop token
 * @param stop why it ended
 * @param policyVersion the weights that drew it
 */
public record Completion(
    int[] ids,
    float[] logprobs,
    boolean[] forced,
    String text,
    StopReason stop,
    long policyVersion) {

  /** A completion whose every id was drawn. */
  public Completion(int[] ids, float[] logprobs, String text, StopReason stop, long policyVersion) {
    this(ids, logprobs, new boolean[ids.length], text, stop, policyVersion);
  }
}
