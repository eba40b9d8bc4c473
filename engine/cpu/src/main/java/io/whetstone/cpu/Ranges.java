package io.whetstone.cpu;

/** Cuts independent items into ranges and runs them on all workers. */
final class Ranges {
  /** Below this many elements a task costs more to hand over than to do. */
  private static final long ELEMENTS_PER_TASK = 1 << 13;

  /** Ranges per thread, so that an unlucky thread does not hold up the others. */
  private static final int TASKS_PER_THREAD = 4;

  interface Body {
    void accept(int from, int to);
  }

  private Ranges() {}

  /**
   * Calls {@code body} for ranges that together cover [0, count). Where they are cut depends on the
   * number of threads, so an item's result must not depend on its neighbours.
   *
   * @param elements what an item costs, in elements touched
   * @param multiple every range but the last starts and ends at a multiple of this
   */
  static void run(Workers workers, int count, long elements, int multiple, Body body) {
    if (count == 0) {
      return;
    }
    int blocks = (count + multiple - 1) / multiple;
    long worthwhile = Math.max(1, count * elements / ELEMENTS_PER_TASK);
    int most = workers.threads() == 1 ? 1 : workers.threads() * TASKS_PER_THREAD;
    int tasks = (int) Math.min(Math.min(blocks, most), worthwhile);
    workers.run(
        tasks,
        task -> {
          int from = (int) ((long) blocks * task / tasks) * multiple;
          int to = (int) ((long) blocks * (task + 1) / tasks) * multiple;
          body.accept(from, Math.min(to, count));
        });
  }
}
