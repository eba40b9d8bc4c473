package io.whetstone.datasets;

import java.util.ArrayList;
import java.util.List;

/**
 * Demonstrations such as a base model might give: guesses, broken formats, thoughts with slips.
 *
 * <p>Demonstration {@code i} is of task {@code i} of the source and depends on (seed, i) alone.
 */
public final class MessyDemonstrations implements DemonstrationSource {

  private final TaskSource tasks;
  private final MessSettings settings;
  private final long seed;

  /**
   * @param tasks calculations, as {@link SyntheticTasks} makes them
   */
  public MessyDemonstrations(TaskSource tasks, MessSettings settings, long seed) {
    this.tasks = tasks;
    this.settings = settings;
    this.seed = seed;
  }

  @Override
  public long size() {
    return tasks.size();
  }

  @Override
  public Demonstration demonstration(long index) {
    Task task = tasks.task(index);
    Calculation calculation = Calculation.parse(task.prompt());
    RandomStream random = new RandomStream(seed, "demonstrations", index);
    double kind = random.unit();
    if (kind < settings.guess()) {
      return new Demonstration(task, answer(guess(calculation, random)));
    }
    Thought thought = think(calculation, random);
    if (kind < settings.guess() + settings.malformed()) {
      return new Demonstration(task, malformed(thought, random));
    }
    return new Demonstration(task, "<think>" + thought.text + "</think>" + answer(thought.answer));
  }

  private record Thought(String text, long answer) {}

  private static String answer(long value) {
    return "<answer>" + value + "</answer>";
  }

  /** A number near the truth, uniform within the error range; rarely the truth itself. */
  private long guess(Calculation calculation, RandomStream random) {
    long truth = calculation.result();
    long reach = Math.max(1, Math.round(Math.abs(truth) * settings.guessError()));
    long guess = truth + random.within(-reach, reach);
    // Nobody guesses a negative number for a sum of positive ones.
    return truth >= 0 ? Math.max(0, guess) : guess;
  }

  private Thought think(Calculation calculation, RandomStream random) {
    int length = calculation.operations().size();
    if (length > 1 && random.chance(settings.stopEarly())) {
      length = (int) random.within(1, length - 1);
    }
    List<String> steps = new ArrayList<>();
    long total = calculation.first();
    long truth = total;
    for (Calculation.Operation operation : calculation.operations().subList(0, length)) {
      long next = operation.apply(total);
      boolean recovers = recovers(total, truth, random);
      truth = operation.apply(truth);
      if (recovers) {
        next = truth;
      } else if (random.chance(settings.slip())) {
        next = slip(next, random);
      }
      steps.add(total + operation.toString() + "=" + next);
      total = next;
    }
    return new Thought(String.join(";", steps), recovers(total, truth, random) ? truth : total);
  }

  /** Whether an error is undone here. Without recoveries nothing is drawn. */
  private boolean recovers(long total, long truth, RandomStream random) {
    return settings.recover() > 0 && total != truth && random.chance(settings.recover());
  }

  /** Off by one or two, or by a forgotten or doubled carry: how people get sums wrong. */
  private static long slip(long total, RandomStream random) {
    long[] offs = {1, 2, 10};
    long off = offs[(int) random.within(0, offs.length - 1)];
    // A running total that is not negative stays so: the alphabet of sums has no minus sign.
    boolean down = random.chance(0.5) && (total < 0 || total >= off);
    return down ? total - off : total + off;
  }

  private static String malformed(Thought thought, RandomStream random) {
    String think = "<think>" + thought.text;
    String answer = answer(thought.answer);
    return switch ((int) random.within(0, 6)) {
      case 0 -> think + answer; // the thought is never closed
      case 1 -> think + "</think><answer>" + thought.answer; // nor the answer
      case 2 -> think + answer + "</think>"; // the answer within the thought
      case 3 -> think + "</think>" + thought.answer; // no answer tags
      case 4 -> think + "</think>" + answer + answer; // answered twice
      case 5 -> "<think>" + think + "</think></think>" + answer; // tags doubled
      default -> ""; // nothing at all
    };
  }
}
