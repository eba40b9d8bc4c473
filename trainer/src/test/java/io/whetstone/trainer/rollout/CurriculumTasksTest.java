package io.whetstone.trainer.rollout;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.datasets.Task;
import io.whetstone.datasets.TaskSource;
import io.whetstone.trainer.config.Curriculum;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CurriculumTasksTest {
  @TempDir Path directory;

  private record Numbered(long size) implements TaskSource {
    @Override
    public Task task(long index) {
      return Task.of("t" + index, "p" + index, "a");
    }
  }

  private static Curriculum settings(Curriculum.Order order) {
    return new Curriculum(order, Curriculum.By.MEASURED, 0.05, 0.5, Optional.empty());
  }

  private static CurriculumTasks tasks(Curriculum.Order order, DifficultyLedger ledger) {
    return new CurriculumTasks(new Numbered(6), settings(order), ledger, 7);
  }

  private static List<Long> indices(List<TaskVisit> visits) {
    return visits.stream().map(TaskVisit::index).toList();
  }

  /** Task i is solved in i of 5 completions. */
  private static void measure(DifficultyLedger ledger, List<TaskVisit> visits) {
    visits.forEach(visit -> ledger.measured(visit, 5, (int) visit.index()));
  }

  @Test
  void aPassMeetsEveryTaskOnceAndTheNextGoesByWhatWasMeasured() {
    for (Curriculum.Order order :
        List.of(Curriculum.Order.EASY_FIRST, Curriculum.Order.HARD_FIRST)) {
      DifficultyLedger ledger = new DifficultyLedger(0.5);
      CurriculumTasks tasks = tasks(order, ledger);
      List<TaskVisit> first = tasks.next(6);
      assertEquals(6, new HashSet<>(indices(first)).size());
      assertTrue(first.stream().allMatch(visit -> visit.visit() == 0));
      measure(ledger, first);
      List<TaskVisit> second = new ArrayList<>(tasks.next(4));
      second.addAll(tasks.next(2));
      List<Long> expected =
          order == Curriculum.Order.EASY_FIRST
              ? List.of(5L, 4L, 3L, 2L, 1L, 0L)
              : List.of(0L, 1L, 2L, 3L, 4L, 5L);
      assertEquals(expected, indices(second));
      assertTrue(second.stream().allMatch(visit -> visit.visit() == 1));
    }
  }

  @Test
  void whatIsHalfSolvedComesUpMostOften() {
    DifficultyLedger ledger = new DifficultyLedger(1);
    CurriculumTasks tasks = tasks(Curriculum.Order.LEARNABILITY, ledger);
    for (long i = 0; i < 6; i++) {
      TaskVisit visit = new TaskVisit(Task.of("t" + i, "p", "a"), i, 0);
      ledger.measured(visit, 1000, i < 3 ? 500 : i == 3 ? 1000 : 0);
    }
    int halfSolved = 0;
    for (int draw = 0; draw < 600; draw++) {
      halfSolved += tasks.next(1).getFirst().index() < 3 ? 1 : 0;
    }
    // Weights 0.3 thrice and 0.05 thrice: 6/7 of the draws; ± 4 standard errors.
    assertEquals(600 * 6 / 7.0, halfSolved, 35);
    assertEquals(6, new HashSet<>(indices(tasks.next(6))).size(), "no task twice in a draw");
  }

  @Test
  void resumedItGoesOnAsItWould() throws IOException {
    for (Curriculum.Order order :
        List.of(Curriculum.Order.EASY_FIRST, Curriculum.Order.LEARNABILITY)) {
      DifficultyLedger ledger = new DifficultyLedger(0.5);
      CurriculumTasks tasks = tasks(order, ledger);
      measure(ledger, tasks.next(4));
      measure(ledger, tasks.next(5));
      ledger.write(directory.resolve("ledger"));
      long position = tasks.position();
      List<TaskVisit> expected = tasks.next(7);

      DifficultyLedger restored = new DifficultyLedger(0.5);
      restored.read(directory.resolve("ledger"));
      CurriculumTasks resumed = tasks(order, restored);
      resumed.restore(position);
      assertEquals(expected, resumed.next(7));
    }
  }

  @Test
  void endlessDataAreRefusedWithTheWayOut() {
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    new CurriculumTasks(
                        new Numbered(Long.MAX_VALUE),
                        settings(Curriculum.Order.EASY_FIRST),
                        new DifficultyLedger(1),
                        0))
            .getMessage();
    assertTrue(message.contains("curriculum.pool"), message);
  }

  @Test
  void oldVisitsFade() {
    DifficultyLedger ledger = new DifficultyLedger(0.5);
    TaskVisit visit = new TaskVisit(Task.of("t", "p", "a"), 3, 0);
    assertEquals(0.5, ledger.passRate(3));
    ledger.measured(visit, 8, 0);
    ledger.measured(visit, 8, 8);
    assertEquals((8 + 1) / (4.0 + 8 + 2), ledger.passRate(3), 1e-15);
    ledger.measured(visit, 0, 0);
    assertEquals((8 + 1) / (4.0 + 8 + 2), ledger.passRate(3), 1e-15, "nothing was judged");
  }
}
