package io.whetstone.rewards.instructions;

/** A rule that a response follows or not. */
@FunctionalInterface
interface Instruction {
  boolean isFollowedBy(String response);
}
