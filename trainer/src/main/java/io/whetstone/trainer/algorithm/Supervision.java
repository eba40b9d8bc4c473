package io.whetstone.trainer.algorithm;

/** What is rewarded. */
public enum Supervision {
  /** The completion as a whole. */
  OUTCOME,
  /** Its steps (DeepSeekMath, Shao et al. 2024, §4.1.3); the completion's rewards do not count. */
  PROCESS,
  /** Rewards that score steps by their steps, the others by the whole; the advantages add up. */
  BOTH
}
