package io.whetstone.trainer.rollout;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.datasets.Task;
import io.whetstone.datasets.TaskSource;
import io.whetstone.trainer.config.Curriculum.Order;
import java.util.List;
import org.junit.jupiter.api.Test;

class DifficultyOrderTest {
  private static TaskSource source(long size, double... levels) {
    return new TaskSource() {
      @Override
      public long size() {
        return size;
      }

      @Override
      public Task task(long index) {
        return Task.of("t" + index, "p" + index, "a");
      }

      @Override
      public double difficulty(long index) {
        return levels[(int) (index % levels.length)];
      }
    };
  }

  private static List<Long> indices(List<TaskVisit> visits) {
    return visits.stream().map(TaskVisit::index).toList();
  }

  @Test
  void eachPassGoesFromOneEndToTheOther() {
    DifficultyOrder order = new DifficultyOrder(source(4, 3, 1, 4, 2), Order.EASY_FIRST, 7);
    List<TaskVisit> visits = order.next(8);
    assertEquals(List.of(1L, 3L, 0L, 2L, 1L, 3L, 0L, 2L), indices(visits));
    assertEquals(0, visits.get(3).visit());
    assertEquals(1, visits.get(4).visit());
    DifficultyOrder hard = new DifficultyOrder(source(4, 3, 1, 4, 2), Order.HARD_FIRST, 7);
    assertEquals(List.of(2L, 0L, 3L, 1L), indices(hard.next(4)));
  }

  @Test
  void equalOnesHaveAnOrderOfThePassAndTheWholeCanBeResumed() {
    DifficultyOrder order = new DifficultyOrder(source(40, 1, 2), Order.EASY_FIRST, 7);
    List<Long> first = indices(order.next(40));
    List<Long> second = indices(order.next(40));
    assertNotEquals(first, second);
    assertTrue(first.subList(0, 20).stream().allMatch(i -> i % 2 == 0), first.toString());
    DifficultyOrder resumed = new DifficultyOrder(source(40, 1, 2), Order.EASY_FIRST, 7);
    resumed.restore(53);
    assertEquals(second.subList(13, 40), indices(resumed.next(27)));
    assertEquals(80, resumed.position());
  }

  @Test
  void dataThatDoNotSayAreRefused() {
    assertTrue(
        assertThrows(
                IllegalArgumentException.class,
                () -> new DifficultyOrder(source(4, Double.NaN), Order.EASY_FIRST, 7))
            .getMessage()
            .contains("name the column that does with difficulty"));
    assertTrue(
        assertThrows(
                IllegalArgumentException.class,
                () -> new DifficultyOrder(source(Long.MAX_VALUE, 1), Order.EASY_FIRST, 7))
            .getMessage()
            .contains("curriculum.pool"));
  }
}
