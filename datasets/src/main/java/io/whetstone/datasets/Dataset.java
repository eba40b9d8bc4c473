package io.whetstone.datasets;

import java.util.Optional;

/**
 * Tasks in two parts that share no prompt, one to train on and one to measure with.
 *
 * <p>Safe for use by several threads.
 */
public interface Dataset extends AutoCloseable {

  /** Names the data in records and messages: {@code sums}, {@code train.jsonl}. */
  String name();

  /** What may be trained on. */
  TaskSource training();

  /** What is never trained on; empty where nothing is held out. */
  TaskSource heldOut();

  /** Completions to learn from, of training tasks only; absent where the data have none. */
  Optional<DemonstrationSource> demonstrations();

  /** What was found when the data were read, for people and records. */
  DatasetSummary summary();

  /** Closes what is open; tasks cannot be had after that. */
  @Override
  void close();
}
