package io.whetstone.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class WorkerPoolTest {
  @Test
  void everyTaskRunsOnce() throws InterruptedException {
    for (int threads : new int[] {1, 2, 3, 8}) {
      try (WorkerPool pool = new WorkerPool(threads)) {
        assertEquals(threads, pool.threads());
        for (int round = 0; round < 3_000; round++) {
          int tasks = round % 17;
          AtomicIntegerArray runs = new AtomicIntegerArray(tasks + 1);
          pool.run(tasks, runs::incrementAndGet);
          for (int i = 0; i < tasks; i++) {
            assertEquals(1, runs.get(i), "task " + i + " of round " + round);
          }
          if (round % 1_000 == 999) {
            // Long enough for the workers to park.
            Thread.sleep(20);
          }
        }
      }
    }
  }

  @Test
  void whatTasksWroteIsSeen() {
    try (WorkerPool pool = new WorkerPool(3)) {
      long[] values = new long[64];
      for (int round = 0; round < 20_000; round++) {
        pool.run(values.length, i -> values[i]++);
      }
      for (long value : values) {
        assertEquals(20_000, value);
      }
    }
  }

  @Test
  void aFailureReachesTheCallerAndThePoolGoesOn() {
    for (int threads : new int[] {1, 2, 4}) {
      try (WorkerPool pool = new WorkerPool(threads)) {
        IllegalArgumentException failure = new IllegalArgumentException("task 3");
        Throwable thrown =
            assertThrows(
                IllegalArgumentException.class,
                () ->
                    pool.run(
                        9,
                        i -> {
                          if (i == 3) {
                            throw failure;
                          }
                        }));
        assertSame(failure, thrown);
        assertThrows(StackOverflowError.class, () -> pool.run(2, WorkerPoolTest::overflow));
        AtomicIntegerArray runs = new AtomicIntegerArray(5);
        pool.run(5, runs::incrementAndGet);
        assertEquals("[1, 1, 1, 1, 1]", runs.toString());
      }
    }
  }

  @Test
  void aTaskMustNotRunTasks() {
    try (WorkerPool pool = new WorkerPool(2)) {
      assertThrows(IllegalStateException.class, () -> pool.run(1, i -> pool.run(1, j -> {})));
    }
    assertThrows(IllegalArgumentException.class, () -> new WorkerPool(-1));
  }

  private static void overflow(int depth) {
    overflow(depth + 1);
  }
}
