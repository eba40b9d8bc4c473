package io.whetstone.trainer.rollout;

import io.whetstone.datasets.TaskSource;
import io.whetstone.tensor.Philox;
import io.whetstone.trainer.config.Curriculum;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A finite source's tasks by what the data say of their difficulty, each pass from one end to the
 * other; equally hard ones in an order of the pass's own. The position is the number of tasks
 * handed out, and all that is to be known to go on. Memory: 4 bytes a task, 24 more while a pass
 * begins.
 */
public final class DifficultyOrder implements TaskStream {
  private final TaskSource source;
  private final double sign;
  private final long key;
  private long position;
  private long orderedPass = -1;
  private int[] order;

  /**
   * @throws IllegalArgumentException if the data have no end or do not say how hard their tasks are
   */
  public DifficultyOrder(TaskSource source, Curriculum.Order order, long key) {
    if (source.size() > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "curriculum.by: the data are endless and have no hardest task; set curriculum.pool to"
              + " take the first so many tasks only");
    }
    if (source.size() > 0 && Double.isNaN(source.difficulty(0))) {
      throw new IllegalArgumentException(
          "curriculum.by: the data do not say how hard their tasks are; name the column that does"
              + " with difficulty");
    }
    this.source = source;
    this.sign = order == Curriculum.Order.EASY_FIRST ? 1 : -1;
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

  private TaskVisit at(long place) {
    int size = Math.toIntExact(source.size());
    long pass = place / size;
    if (pass != orderedPass) {
      int[] rank = Philox.permutation(Philox.derive(key, pass), size);
      order =
          IntStream.range(0, size)
              .boxed()
              .sorted(
                  Comparator.comparingDouble((Integer i) -> sign * source.difficulty(i))
                      .thenComparing(i -> rank[i]))
              .mapToInt(Integer::intValue)
              .toArray();
      orderedPass = pass;
    }
    int index = order[(int) (place % size)];
    return new TaskVisit(source.task(index), index, pass);
  }

  @Override
  public long position() {
    return position;
  }

  @Override
  public void restore(long restored) {
    position = restored;
  }
}
