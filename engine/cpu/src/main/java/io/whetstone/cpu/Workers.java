package io.whetstone.cpu;

import java.util.function.IntConsumer;

/** Runs numbered tasks on a fixed set of threads, the caller's among them. */
interface Workers extends AutoCloseable {
  /** Threads that run tasks, the caller's included. */
  int threads();

  /**
   * Runs {@code task.accept(0 … tasks − 1)}, in any order on any thread, and returns when all are
   * done. The first exception is rethrown. Not reentrant.
   */
  void run(int tasks, IntConsumer task);

  @Override
  void close();
}
