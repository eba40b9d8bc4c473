package io.whetstone.trainer.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** One stage of a run, written {@code - sft: {…}}, {@code - grpo: {…}} and so on. */
public sealed interface Stage
    permits Sft, Grpo, Dpo, RejectionSampling, RewardWeighted, RewardModel {
  /** The stage's name, if it was given one. */
  Optional<String> name();

  /** How it learns. */
  Optimization optimization();

  /** The key the stage is written under. */
  String kind();

  /** What happens every so many steps. */
  Cadence cadence();

  /** What it draws from its own policy; nothing in a stage that learns from data alone. */
  Optional<Drawing> drawing();

  /** The demonstrations it learns from, if any. */
  default Optional<Data> demonstrations() {
    return Optional.empty();
  }

  /** The tasks it draws for, or the demonstrations it learns from. */
  default Optional<Data> source() {
    return drawing().map(Drawing::tasks).or(this::demonstrations);
  }

  /** The files it reads. */
  default List<Path> files() {
    return source().map(Data::files).orElse(List.of());
  }

  /** Whether it learns what is better, not only what is shown: evaluations compare before it. */
  default boolean reinforces() {
    return true;
  }

  /** How records and checkpoints call the stage: its name, else its kind. */
  default String label() {
    return name().orElse(kind());
  }
}
