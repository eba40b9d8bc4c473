package io.whetstone.datasets;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MessyDemonstrationsTest {

  private static final int MANY = 20_000;
  private static final Pattern THOUGHT =
      Pattern.compile("<think>([^<]+)</think><answer>(-?\\d+)</answer>");
  private static final Pattern GUESS = Pattern.compile("<answer>(-?\\d+)</answer>");
  private static final Pattern STEP = Pattern.compile("(-?\\d+)([+*-])(\\d+)=(-?\\d+)");

  private static List<Demonstration> demonstrations(MessSettings mess, int count) {
    SyntheticTasks sums = SyntheticTasks.sums(SumsSettings.defaults(), 4);
    DemonstrationSource source = new MessyDemonstrations(sums.training(), mess, 4);
    return IntStream.range(0, count).mapToObj(i -> source.demonstration(i)).toList();
  }

  @Test
  void theSharesAreAsSet() {
    int guesses = 0;
    int thoughts = 0;
    int rightGuesses = 0;
    for (Demonstration shown : demonstrations(MessSettings.defaults(), MANY)) {
      Matcher guess = GUESS.matcher(shown.completion());
      if (guess.matches()) {
        guesses++;
        long truth = Long.parseLong(shown.task().answer().orElseThrow());
        long off = Math.abs(Long.parseLong(guess.group(1)) - truth);
        assertTrue(off <= Math.max(1, Math.round(0.2 * truth)), shown.toString());
        rightGuesses += off == 0 ? 1 : 0;
      } else if (THOUGHT.matcher(shown.completion()).matches()) {
        thoughts++;
      }
    }
    assertEquals(0.55, (double) guesses / MANY, 0.01);
    assertEquals(0.35, (double) thoughts / MANY, 0.01);
    assertTrue(rightGuesses > 0 && rightGuesses < 0.1 * guesses);
  }

  @Test
  void withoutSlipsThoughtsAreCanonical() {
    for (Demonstration shown : demonstrations(new MessSettings(0, 0, 1, 0, 0, 0, 0.2), 500)) {
      assertEquals(Calculation.parse(shown.task().prompt()).completion(), shown.completion());
    }
  }

  @Test
  void slipsAreCarriedOnAndThoughtsBreakOff() {
    int steps = 0;
    int slips = 0;
    int early = 0;
    for (Demonstration shown : demonstrations(new MessSettings(0, 0, 1, 0.1, 0.05, 0, 0.2), MANY)) {
      Matcher thought = THOUGHT.matcher(shown.completion());
      assertTrue(thought.matches(), shown.completion());
      String[] equations = thought.group(1).split(";");
      String carried = null;
      for (String equation : equations) {
        Matcher step = STEP.matcher(equation);
        assertTrue(step.matches(), equation);
        assertTrue(carried == null || carried.equals(step.group(1)), shown.completion());
        carried = step.group(4);
        steps++;
        long right = Long.parseLong(step.group(1)) + Long.parseLong(step.group(3));
        slips += right == Long.parseLong(carried) ? 0 : 1;
      }
      assertEquals(carried, thought.group(2));
      early += equations.length < shown.task().steps().size() ? 1 : 0;
    }
    assertEquals(0.1, (double) slips / steps, 0.01);
    assertEquals(0.05, (double) early / MANY, 0.006);
  }

  @Test
  void recoveriesEndLuckily() {
    int undone = 0;
    int errors = 0;
    for (Demonstration shown : demonstrations(new MessSettings(0, 0, 1, 0.3, 0, 0.6, 0.2), MANY)) {
      Matcher thought = THOUGHT.matcher(shown.completion());
      assertTrue(thought.matches(), shown.completion());
      String[] equations = thought.group(1).split(";");
      boolean off = false;
      for (int i = 0; i <= equations.length; i++) {
        boolean offBefore = off;
        String said = thought.group(2);
        String truth = shown.task().answer().orElseThrow();
        if (i < equations.length) {
          said = equations[i].substring(equations[i].indexOf('=') + 1);
          String step = shown.task().steps().get(i);
          truth = step.substring(step.indexOf('=') + 1);
        }
        off = !said.equals(truth);
        if (offBefore) {
          errors++;
          undone += off ? 0 : 1;
        }
      }
    }
    // A slip upon a slip cancels it now and then, too.
    assertEquals(0.6, (double) undone / errors, 0.03);
    assertTrue(undone > 5_000, undone + " of " + errors);
  }

  @Test
  void malformedOnesAreOfSeveralKindsAndNoneIsInOrder() {
    Set<String> shapes = new HashSet<>();
    for (Demonstration shown : demonstrations(new MessSettings(0, 1, 0, 0.1, 0.05, 0, 0.2), 2000)) {
      assertFalse(THOUGHT.matcher(shown.completion()).matches(), shown.completion());
      shapes.add(shown.completion().replaceAll("[^<>a-z/]+", "."));
    }
    assertEquals(
        Set.of(
            "<think>.<answer>.</answer>",
            "<think>.</think><answer>.",
            "<think>.<answer>.</answer></think>",
            "<think>.</think>.",
            "<think>.</think><answer>.</answer><answer>.</answer>",
            "<think><think>.</think></think><answer>.</answer>",
            ""),
        shapes);
  }

  @ParameterizedTest
  @ValueSource(strings = {"sums", "chains", "products"})
  void theAlphabetHoldsEverything(String name) {
    try (SyntheticTasks tasks = (SyntheticTasks) Datasets.synthetic(Map.of(name, Map.of()), 9)) {
      DemonstrationSource source = tasks.demonstrations().orElseThrow();
      for (int i = 0; i < 5000; i++) {
        Demonstration shown = source.demonstration(i);
        String text = shown.task().prompt() + shown.completion();
        for (char c : text.replaceAll("</?(think|answer)>", "").toCharArray()) {
          assertTrue(tasks.alphabet().indexOf(c) >= 0, c + " in " + text);
        }
        assertEquals(tasks.training().task(i), shown.task());
      }
    }
  }

  @Test
  void aDemonstrationIsAFunctionOfSeedAndIndex() {
    List<Demonstration> all = demonstrations(MessSettings.defaults(), 300);
    SyntheticTasks sums = SyntheticTasks.sums(SumsSettings.defaults(), 4);
    IntStream.range(0, 300)
        .parallel()
        .forEach(
            i -> assertEquals(all.get(i), sums.demonstrations().orElseThrow().demonstration(i)));
  }
}
