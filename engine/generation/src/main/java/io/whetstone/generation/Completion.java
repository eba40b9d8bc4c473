package io.whetstone.generation;

/**
 * What the policy made of a prompt.
 *
 * @param ids drawn token ids, a final stop token included
 * @param logprobs for each id, log-softmax(logits / temperature) over the whole vocabulary, in nats
 * @param text the ids' text with special tokens kept, less a final stop token
 * @param stop why it ended
 * @param policyVersion the weights that drew it
 */
public record Completion(
    int[] ids, float[] logprobs, String text, StopReason stop, long policyVersion) {}
