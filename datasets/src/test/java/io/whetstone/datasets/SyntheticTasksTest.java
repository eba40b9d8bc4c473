package io.whetstone.datasets;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SyntheticTasksTest {

  private static final int MANY = 8_000;

  private static List<String> prompts(TaskSource source, int count) {
    return LongStream.range(0, count).mapToObj(i -> source.task(i).prompt()).toList();
  }

  private static SyntheticTasks sums(long seed) {
    return SyntheticTasks.sums(SumsSettings.defaults(), seed);
  }

  @ParameterizedTest
  @ValueSource(strings = {"sums", "chains", "products"})
  void everyTaskIsTrue(String name) {
    Dataset tasks = Datasets.synthetic(Map.of(name, Map.of()), 7);
    Set<Integer> counts = new HashSet<>();
    for (int i = 0; i < 2000; i++) {
      Task task = tasks.training().task(i);
      String question = task.prompt().substring(0, task.prompt().length() - 2);
      assertTrue(task.prompt().endsWith("=?"));
      // An evaluator of its own, which knows nothing of Calculation.
      String[] numbers = question.split("[+*-]");
      String signs = question.replaceAll("\\d", "");
      long total = Long.parseLong(numbers[0]);
      for (int n = 1; n < numbers.length; n++) {
        long operand = Long.parseLong(numbers[n]);
        char sign = signs.charAt(n - 1);
        long next = sign == '+' ? total + operand : sign == '-' ? total - operand : total * operand;
        assertEquals("" + total + sign + operand + "=" + next, task.steps().get(n - 1));
        total = next;
      }
      assertEquals(numbers.length - 1, task.steps().size());
      assertEquals(Optional.of(Long.toString(total)), task.answer());
      assertEquals(
          Arrays.stream(numbers).map(Long::valueOf).toList(), task.fields().get("numbers"));
      counts.add(numbers.length);
    }
    assertEquals(name.equals("products") ? Set.of(2, 3) : Set.of(3, 4, 5), counts);
  }

  @Test
  void theCanonicalCompletionThinksEveryStep() {
    assertEquals(
        "<think>37+58=95;95+12=107;107+9=116</think><answer>116</answer>",
        Calculation.parse("37+58+12+9=?").completion());
    assertEquals("37+58+12+9=?", Calculation.parse("37+58+12+9=?").prompt());
    assertThrows(DatasetException.class, () -> Calculation.parse("37+58"));
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 2, -5, Long.MAX_VALUE})
  void heldOutAndTrainingAreDisjointWhateverTheOrderOfTheNumbers(long seed) {
    Set<List<String>> training = new HashSet<>();
    prompts(sums(seed).training(), MANY).forEach(prompt -> training.add(sorted(prompt)));
    Set<List<String>> heldOut = new HashSet<>();
    prompts(sums(seed).heldOut(), MANY).forEach(prompt -> heldOut.add(sorted(prompt)));
    assertTrue(training.size() > MANY * 0.9 && heldOut.size() > MANY * 0.8);
    heldOut.retainAll(training);
    assertEquals(Set.of(), heldOut);
  }

  private static List<String> sorted(String prompt) {
    return Arrays.stream(prompt.split("[^0-9]+")).sorted().toList();
  }

  @Test
  void aSmallSpaceIsDividedWithoutRest() {
    SyntheticTasks tasks =
        SyntheticTasks.sums(
            new SumsSettings(new Range(2, 2), new Range(1, 9), 0.3, MessSettings.defaults()), 3);
    Set<String> training = new HashSet<>(prompts(tasks.training(), 5000));
    Set<String> heldOut = new HashSet<>(prompts(tasks.heldOut(), 5000));
    assertEquals(81, training.size() + heldOut.size());
    training.retainAll(heldOut);
    assertEquals(Set.of(), training);
  }

  @Test
  void aboutTheShareIsHeldOut() {
    SyntheticTasks tasks = sums(11);
    // Seen from outside: of all sums of 1 and two numbers, how many are met in which part?
    Set<List<String>> heldOut = new HashSet<>();
    Set<List<String>> all = new HashSet<>();
    SyntheticTasks small =
        SyntheticTasks.sums(
            new SumsSettings(new Range(2, 2), new Range(0, 60), 0.1, MessSettings.defaults()), 11);
    prompts(small.heldOut(), 6_000).forEach(prompt -> heldOut.add(sorted(prompt)));
    prompts(small.training(), 50_000).forEach(prompt -> all.add(sorted(prompt)));
    all.addAll(heldOut);
    assertEquals(61 * 62 / 2, all.size(), 2);
    assertEquals(0.1, (double) heldOut.size() / all.size(), 0.03);
    assertEquals(Long.MAX_VALUE, tasks.training().size());
  }

  @Test
  void anotherSeedChangesBothParts() {
    assertNotEquals(prompts(sums(0).training(), 100), prompts(sums(1).training(), 100));
    assertNotEquals(prompts(sums(0).heldOut(), 100), prompts(sums(1).heldOut(), 100));
    // Not only the order: some of what one seed holds out, another trains on.
    Set<List<String>> other = new HashSet<>();
    SumsSettings small =
        new SumsSettings(new Range(2, 2), new Range(1, 30), 0.2, MessSettings.defaults());
    prompts(SyntheticTasks.sums(small, 1).training(), MANY).forEach(p -> other.add(sorted(p)));
    long trainedElsewhere =
        prompts(SyntheticTasks.sums(small, 0).heldOut(), 200).stream()
            .filter(prompt -> other.contains(sorted(prompt)))
            .count();
    assertEquals(0.8, trainedElsewhere / 200.0, 0.15);
  }

  @Test
  void aTaskIsAFunctionOfSeedAndIndex() {
    List<String> forwards = prompts(sums(5).training(), 500);
    List<String> backwards =
        LongStream.range(0, 500)
            .parallel()
            .mapToObj(i -> sums(5).training().task(499 - i).prompt())
            .toList();
    assertEquals(forwards, backwards.reversed());
    assertEquals(
        sums(5).training().task(Long.MAX_VALUE - 1), sums(5).training().task(Long.MAX_VALUE - 1));
    assertEquals("sums/5/held-out/3", sums(5).heldOut().task(3).id());
  }

  /**
   * A recorded run must find the same tasks again after an update of the code. The values come from
   * an implementation of their own in another language.
   */
  @Test
  void theFirstTasksStayWhatTheyAre() {
    assertEquals(
        List.of("37+39+17=?", "11+5+43+2+93=?", "5+81+3=?"), prompts(sums(0).training(), 3));
    assertEquals(
        List.of("10+56+13+24=?", "26+91+94+52+37=?", "15+53+1=?"), prompts(sums(0).heldOut(), 3));
  }

  @Test
  void impossibleSettingsAreRefused() {
    assertEquals(
        "sums.values: [5, 1] is not a range [min, max] with min <= max",
        complaint(Map.of("sums", Map.of("values", List.of(5, 1)))));
    assertEquals(
        "sums.numbers: [1, 3] is not within [2, 100]",
        complaint(Map.of("sums", Map.of("numbers", List.of(1, 3)))));
    assertEquals(
        "sums.mess.guess: 0.5 + malformed 0.1 + think 0.35 is not 1",
        complaint(Map.of("sums", Map.of("mess", Map.of("guess", 0.5)))));
    assertEquals(
        "sums.mess.slips: is not known; did you mean slip? known: guess, guess-error, malformed,"
            + " recover, slip, stop-early, think",
        complaint(Map.of("sums", Map.of("mess", Map.of("slips", 0.5)))));
    assertEquals(
        "sums.held-out: 1.0 is not in (0, 1)", complaint(Map.of("sums", Map.of("held-out", 1))));
    assertEquals(
        "synthetic.sum: is not known; did you mean sums? known: chains, countdown, products, sums",
        complaint(Map.of("sum", Map.of())));
    assertEquals(
        "products.values: [2, 999] multiplied 6 times is not below 1e15",
        complaint(Map.of("products", Map.of("numbers", List.of(2, 6), "values", List.of(2, 999)))));
  }

  private static String complaint(Map<String, Object> settings) {
    return assertThrows(IllegalArgumentException.class, () -> Datasets.synthetic(settings, 0))
        .getMessage();
  }

  @Test
  void whereTooFewTasksExistItIsSaid() {
    SyntheticTasks one =
        SyntheticTasks.sums(
            new SumsSettings(new Range(2, 2), new Range(1, 1), 0.5, MessSettings.defaults()), 0);
    List<TaskSource> parts = List.of(one.training(), one.heldOut());
    long failing =
        parts.stream()
            .filter(
                part -> {
                  try {
                    part.task(0);
                    return false;
                  } catch (DatasetException e) {
                    return e.getMessage().contains("too few different tasks");
                  }
                })
            .count();
    assertEquals(1, failing);
  }

  @Test
  void theSummarySaysWhatThereIs() {
    assertTrue(
        sums(0).summary().toString().startsWith("sums: endless training tasks, endless held out"));
  }
}
