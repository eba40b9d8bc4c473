package io.whetstone.datasets.countdown;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.datasets.Dataset;
import io.whetstone.datasets.DatasetException;
import io.whetstone.datasets.Datasets;
import io.whetstone.datasets.Task;
import java.math.BigInteger;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CountdownTasksTest {

  private static Dataset countdown(Map<String, Object> settings, long seed) {
    return Datasets.synthetic(Map.of("countdown", settings), seed);
  }

  private static List<?> sorted(Object numbers) {
    return ((List<?>) numbers).stream().map(Object::toString).sorted().toList();
  }

  @Test
  void everySolutionIsRight() {
    Dataset data = countdown(Map.of(), 3);
    Set<String> held = new HashSet<>();
    for (int i = 0; i < 500; i++) {
      Task task = data.heldOut().task(i);
      held.add(sorted(task.fields().get("nums")) + "=" + task.fields().get("target"));
    }
    for (int i = 0; i < 500; i++) {
      Task task = data.training().task(i);
      Equation solution = Equation.parse(task.answer().orElseThrow()).orElseThrow();
      long target = (Long) task.fields().get("target");
      assertTrue(solution.isWorth(target), task.toString());
      assertTrue(target >= 10 && target <= 99, task.toString());
      assertEquals(
          sorted(task.fields().get("nums")),
          sorted(solution.numbers()),
          "each number once: " + task);
      assertEquals(((List<?>) task.fields().get("nums")).size() - 1, task.steps().size());
      task.steps().forEach(step -> assertTrue(Equation.parse(step).isPresent(), step));
      assertTrue(task.prompt().contains(task.fields().get("nums").toString()), task.prompt());
      assertFalse(
          held.contains(sorted(task.fields().get("nums")) + "=" + target), "held out: " + task);
      assertEquals(task, data.training().task(i));
    }
  }

  @Test
  void impossibleSettingsSaySo() {
    Dataset none = countdown(Map.of("values", List.of(1, 1), "targets", List.of(500, 600)), 3);
    String message =
        assertThrows(DatasetException.class, () -> none.training().task(0)).getMessage();
    assertTrue(message.contains("move them together"), message);
    for (Map<String, Object> bad :
        List.<Map<String, Object>>of(
            Map.of("numbers", List.of(1, 3)),
            Map.of("values", List.of(0, 3)),
            Map.of("prompt", "{nums}"),
            Map.of("held-out", 1))) {
      assertThrows(IllegalArgumentException.class, () -> countdown(bad, 0), bad.toString());
    }
  }

  private static void assertWorth(String text, long above, long below) {
    Equation equation = Equation.parse(text).orElseThrow(() -> new AssertionError(text));
    assertEquals(BigInteger.valueOf(above), equation.numerator(), text);
    assertEquals(BigInteger.valueOf(below), equation.denominator(), text);
  }

  @Test
  void expressionsAreReadExactly() {
    assertWorth("1+2*3", 7, 1);
    assertWorth(" ( 44 − 19 ) × 3 = 75 ", 75, 1);
    assertWorth("7/3/2", 7, 6);
    assertWorth("-(2-5)*-4", -12, 1);
    assertWorth("(1+2)/3 = 1", 1, 1);
    assertWorth("10/4=5/2", 5, 2);
    assertEquals(
        List.of(BigInteger.TEN, BigInteger.TWO),
        Equation.parse("10 ÷ 2 = 5").orElseThrow().numbers());
    for (String none :
        List.of(
            "",
            "1+",
            "1 2",
            "(1",
            "1)",
            "1/0",
            "1/(2-2)",
            "1.5+2",
            "x",
            "2=3",
            "1=1=1",
            "2**3",
            "System.exit(0)",
            "9".repeat(19),
            "(".repeat(500) + "1" + ")".repeat(500),
            "1+".repeat(600) + "1")) {
      assertEquals(Optional.empty(), Equation.parse(none), none);
    }
  }
}
