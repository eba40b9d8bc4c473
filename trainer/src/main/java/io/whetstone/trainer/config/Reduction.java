package io.whetstone.trainer.config;

/** How a loss over tokens becomes one number. */
public enum Reduction {
  /** Mean over a sequence's tokens, then over sequences (GRPO, Shao et al. 2024, eq. 3). */
  SEQUENCE_MEAN,
  /** Sum over all tokens divided by their number (DAPO, Yu et al. 2025, eq. 12). */
  TOKEN_MEAN,
  /** Mean over the tokens of each group, then over groups. */
  GROUP_TOKEN_MEAN,
  /** Sum over a sequence's tokens divided by a constant, then mean (Dr. GRPO, Liu et al. 2025). */
  CONSTANT_LENGTH
}
