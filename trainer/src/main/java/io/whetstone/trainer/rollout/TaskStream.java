package io.whetstone.trainer.rollout;

import io.whetstone.datasets.TaskSource;
import io.whetstone.tensor.Philox;
import java.util.ArrayList;
import java.util.List;

/**
 * The tasks of a stage in the order they come up: an endless source in its own order, a finite one
 * shuffled anew in each pass. Where the stream stands is one number, {@link #position}.
 */
public final class TaskStream {
  private final TaskSource source;
  private final long key;
  private long position;
  private long shuffledPass = -1;
  private int[] order;

  public TaskStream(TaskSource source, long key) {
    this.source = source;
    this.key = key;
  }

  /** The next {@code count} tasks. */
  public List<TaskVisit> next(int count) {
    List<TaskVisit> visits = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      visits.add(at(position++));
    }
    return visits;
  }

  /** Tasks handed out so far. */
  public long position() {
    return position;
  }

  /** Goes on from where a stream that stood at {@code restored} would. */
  public void restore(long restored) {
    position = restored;
  }

  private TaskVisit at(long place) {
    long size = source.size();
    if (size == Long.MAX_VALUE) {
      return new TaskVisit(source.task(place), place, 0);
    }
    long pass = place / size;
    if (pass != shuffledPass) {
      order = Philox.permutation(Philox.derive(key, pass), Math.toIntExact(size));
      shuffledPass = pass;
    }
    int index = order[(int) (place % size)];
    return new TaskVisit(source.task(index), index, pass);
  }
}
