package io.whetstone.rewards.judge;

import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;

/** A language model that answers questions. Called from several threads at once. */
public interface Answerer extends AutoCloseable {

  /** An answer a question, in their order. Never throws for what a model or server does. */
  List<Answer> answer(List<Question> questions) throws InterruptedException;

  /** Whether the same question has the same answer each time, to the bit. */
  boolean repeats();

  /** Whether two votes on a question can differ at all. */
  boolean draws();

  /** How long so many questions may take although nothing hangs. */
  Duration patience(int questions);

  /** How many calls of {@link #answer} are worth making at the same time. */
  default OptionalInt concurrency() {
    return OptionalInt.empty();
  }

  /**
   * Looks, before a run begins, whether it can answer at all.
   *
   * @throws IllegalArgumentException saying what is wrong and how to mend it
   */
  void preflight() throws InterruptedException;

  @Override
  void close();
}
