package io.whetstone.trainer.rollout;

import io.whetstone.datasets.Task;
import io.whetstone.datasets.TaskSource;
import io.whetstone.tensor.Philox;
import io.whetstone.trainer.config.Curriculum;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A finite source's tasks by measured difficulty: in order of their pass rate, a pass after the
 * other, or drawn by how much there is to learn. What comes next depends on the seed, the position
 * and the ledger alone.
 */
public final class CurriculumTasks implements TaskStream {
  private final TaskSource source;
  private final Curriculum settings;
  private final DifficultyLedger ledger;
  private final long key;
  private long position;

  public CurriculumTasks(
      TaskSource source, Curriculum settings, DifficultyLedger ledger, long key) {
    if (source.size() > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "curriculum.order: the data are endless, so no task comes up twice and nothing is known"
              + " of the next one; set curriculum.pool to take the first so many tasks only");
    }
    this.source = source;
    this.settings = settings;
    this.ledger = ledger;
    this.key = key;
  }

  @Override
  public List<TaskVisit> next(int count) {
    List<TaskVisit> visits = new ArrayList<>(count);
    while (visits.size() < count) {
      int most = Math.min(count - visits.size(), size());
      int[] chosen =
          settings.order() == Curriculum.Order.LEARNABILITY ? weighted(most) : ordered(most);
      for (int index : chosen) {
        visits.add(visit(index));
      }
    }
    return visits;
  }

  private TaskVisit visit(int index) {
    Task task = source.task(index);
    return new TaskVisit(task, index, ledger.visit(index, task.id()));
  }

  private int size() {
    return Math.toIntExact(source.size());
  }

  /**
   * The {@code count} tasks with the largest ln(u) / weight: a draw without replacement with
   * probabilities proportional to the weights (Efraimidis &amp; Spirakis 2006).
   */
  private int[] weighted(int count) {
    long draw = Philox.derive(key, position);
    position += count;
    double[] rank = new double[size()];
    for (int i = 0; i < rank.length; i++) {
      double p = ledger.passRate(i);
      // 1 − u is in (0, 1]: its logarithm is finite.
      double u = 1 - Philox.uniform(draw, i);
      rank[i] = StrictMath.log(u) / (p * (1 - p) + settings.exploration());
    }
    return IntStream.range(0, rank.length)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer i) -> -rank[i]).thenComparing(i -> i))
        .limit(count)
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /**
   * The next of the pass by the ledger as it is now, equal ones in an order of the pass's own. A
   * task that came up less often than there were passes before is still to come.
   */
  private int[] ordered(int count) {
    long pass = position / size();
    double sign = settings.order() == Curriculum.Order.EASY_FIRST ? -1 : 1;
    int[] place = Philox.permutation(Philox.derive(key, pass), size());
    int[] chosen =
        IntStream.range(0, size())
            .filter(i -> ledger.visits(i) <= pass)
            .boxed()
            .sorted(
                Comparator.comparingDouble((Integer i) -> sign * ledger.passRate(i))
                    .thenComparing(i -> place[i]))
            .limit(count)
            .mapToInt(Integer::intValue)
            .toArray();
    position += chosen.length;
    return chosen;
  }

  @Override
  public long position() {
    return position;
  }

  /** The ledger is to be restored besides. */
  @Override
  public void restore(long restored) {
    position = restored;
  }
}
