package io.whetstone.trainer.config;

/** How AdamW holds its two moments between updates. */
public enum MomentPrecision {
  F32,
  /** Blocks of 256 codes of 8 bits with one scale: a quarter of the memory, rounded each update. */
  EIGHT_BIT
}
