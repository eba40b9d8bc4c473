package io.whetstone.trainer.loop;

import io.whetstone.datasets.Demonstration;
import io.whetstone.datasets.DemonstrationSource;
import io.whetstone.datasets.Task;
import io.whetstone.datasets.TaskSource;
import java.util.HashSet;
import java.util.Set;

/**
 * Watches that no held-out prompt is ever trained on: every task that training takes is compared
 * with every prompt that evaluation uses. Memory: the held-out prompts.
 */
final class HeldOutGuard {
  private final Set<String> heldOut = new HashSet<>();

  /** Names the first {@code count} tasks of the source as held out. */
  void protect(TaskSource tasks, int count) {
    for (long i = 0; i < Math.min(count, tasks.size()); i++) {
      heldOut.add(tasks.task(i).prompt());
    }
  }

  /** The same tasks, checked as they are taken. */
  TaskSource watch(TaskSource tasks) {
    return new TaskSource() {
      @Override
      public long size() {
        return tasks.size();
      }

      @Override
      public Task task(long index) {
        return check(tasks.task(index));
      }

      @Override
      public double difficulty(long index) {
        return tasks.difficulty(index);
      }
    };
  }

  /** The same demonstrations, checked as they are taken. */
  DemonstrationSource watch(DemonstrationSource demonstrations) {
    return new DemonstrationSource() {
      @Override
      public long size() {
        return demonstrations.size();
      }

      @Override
      public Demonstration demonstration(long index) {
        Demonstration demonstration = demonstrations.demonstration(index);
        check(demonstration.task());
        return demonstration;
      }
    };
  }

  private Task check(Task task) {
    check(task.id(), task.prompt());
    return task;
  }

  /** Fails where a prompt is held out. */
  void check(String id, String prompt) {
    if (heldOut.contains(prompt)) {
      throw new IllegalArgumentException(
          "task "
              + id
              + " is held out for evaluation and came up in training; give training and evaluation"
              + " data that share no prompt, or leave evaluation.tasks out to use the held-out part"
              + " of the training data");
    }
  }
}
