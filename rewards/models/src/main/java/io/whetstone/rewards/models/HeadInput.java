package io.whetstone.rewards.models;

/**
 * A completion as a head may look at it.
 *
 * @param text the completion
 * @param hidden the hidden state at its last token; empty where the head does not look at it
 */
public record HeadInput(String text, float[] hidden) {}
