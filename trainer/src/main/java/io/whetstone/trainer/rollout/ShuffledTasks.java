package io.whetstone.trainer.rollout;

import io.whetstone.datasets.TaskSource;
import io.whetstone.tensor.Philox;
import java.util.ArrayList;
import java.util.List;

/**
 * An endless source in its own order, a finite one shuffled anew in each pass. The position is the
 * number of tasks handed out.
 */
public final class ShuffledTasks implements TaskStream {
  private final TaskSource source;
  private final long key;
  private long position;
  private long shuffledPass = -1;
  private int[] order;

  public ShuffledTasks(TaskSource source, long key) {
    this.source = source;
    this.key = key;
  }

  @Override
  public List<TaskVisit> next(int count) {
    List<TaskVisit> visits = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      visits.add(at(position++));
    }
    return visits;
  }

  @Override
  public long position() {
    return position;
  }

  @Override
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
