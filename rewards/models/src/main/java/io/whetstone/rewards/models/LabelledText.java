package io.whetstone.rewards.models;

/**
 * What a head learns from or is tested on.
 *
 * @param input the completion
 * @param right whether its answer is
 */
public record LabelledText(HeadInput input, boolean right) {}
