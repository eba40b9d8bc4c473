package io.whetstone.model;

/**
 * What the head says of R given tokens.
 *
 * @param logprobs [R], log-softmax(logits / temperature) at the token, nats
 * @param entropy [R], of softmax(logits / temperature), nats
 */
public record Logprobs(float[] logprobs, float[] entropy) {}
