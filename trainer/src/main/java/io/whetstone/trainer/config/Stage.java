package io.whetstone.trainer.config;

import java.util.Optional;

/** One stage of a run, written {@code - sft: {…}} or {@code - grpo: {…}}. */
public sealed interface Stage permits Sft, Grpo {
  /** The stage's name, if it was given one. */
  Optional<String> name();

  /** How it learns. */
  Optimization optimization();

  /** The key the stage is written under. */
  String kind();

  /** What happens every so many steps. */
  Cadence cadence();

  /** How records and checkpoints call the stage: its name, else its kind. */
  default String label() {
    return name().orElse(kind());
  }
}
