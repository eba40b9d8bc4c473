package io.whetstone.rewards.models;

/**
 * What a head learns from or is tested on.
 *
 * @param text the completion
 * @param right whether its answer is
 */
public record LabelledText(String text, boolean right) {}
