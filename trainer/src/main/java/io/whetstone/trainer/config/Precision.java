package io.whetstone.trainer.config;

/** In what weights and activations are held; sums and master weights are f32 in both. */
public enum Precision {
  F32,
  BF16
}
