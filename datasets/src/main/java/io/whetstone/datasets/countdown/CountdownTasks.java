package io.whetstone.datasets.countdown;

import io.whetstone.datasets.Dataset;
import io.whetstone.datasets.DatasetException;
import io.whetstone.datasets.DatasetSummary;
import io.whetstone.datasets.Demonstration;
import io.whetstone.datasets.DemonstrationSource;
import io.whetstone.datasets.RandomStream;
import io.whetstone.datasets.Task;
import io.whetstone.datasets.TaskSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Endless Countdown tasks, each a pure function of seed and index, each with a solution: numbers
 * are drawn and joined two by two until one is left, which is the target if it is in range. Results
 * are whole and above 0 all along, as in the game.
 *
 * <p>What is held out is decided by a hash of seed, sorted numbers and target: no order of a
 * held-out task's numbers is trained on. A task's fields are {@code nums} and {@code target}, its
 * answer is the solution, its steps are those of the solution.
 */
public final class CountdownTasks implements Dataset {

  private static final int MOST_DRAWS = 100_000;

  /** One of the numbers, or what some of them make. */
  private record Term(long value, String text, boolean single) {

    /** In parentheses where it is more than a number. */
    String within() {
      return single ? text : "(" + text + ")";
    }
  }

  private record Puzzle(List<Long> numbers, long target, String solution, List<String> steps) {}

  private final CountdownSettings settings;
  private final long seed;

  public CountdownTasks(CountdownSettings settings, long seed) {
    this.settings = settings;
    this.seed = seed;
  }

  @Override
  public String name() {
    return "countdown";
  }

  @Override
  public TaskSource training() {
    return new Source("training", false);
  }

  @Override
  public TaskSource heldOut() {
    return new Source("held-out", true);
  }

  /** The solutions: every step thought, the equation answered. */
  @Override
  public Optional<DemonstrationSource> demonstrations() {
    TaskSource tasks = training();
    return Optional.of(
        new DemonstrationSource() {
          @Override
          public long size() {
            return tasks.size();
          }

          @Override
          public Demonstration demonstration(long index) {
            Task task = tasks.task(index);
            return new Demonstration(
                task,
                "<think>"
                    + String.join(";", task.steps())
                    + "</think><answer>"
                    + task.answer().orElseThrow()
                    + "</answer>");
          }
        });
  }

  /** Lengths are those of the first hundred tasks of each part. */
  @Override
  public DatasetSummary summary() {
    List<Task> some = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      some.add(training().task(i));
      some.add(heldOut().task(i));
    }
    return DatasetSummary.ofEndless(name(), some);
  }

  @Override
  public void close() {
    // Nothing is open.
  }

  private Optional<Puzzle> draw(RandomStream random) {
    List<Long> numbers = new ArrayList<>();
    List<Term> terms = new ArrayList<>();
    int count = random.within(settings.numbers());
    for (int i = 0; i < count; i++) {
      long number = random.within(settings.values());
      numbers.add(number);
      terms.add(new Term(number, Long.toString(number), true));
    }
    List<String> steps = new ArrayList<>();
    while (terms.size() > 1) {
      Term left = terms.remove((int) random.within(0, terms.size() - 1));
      Term right = terms.remove((int) random.within(0, terms.size() - 1));
      Optional<Term> joined = join(left, right, "+-*/".charAt((int) random.within(0, 3)), steps);
      if (joined.isEmpty()) {
        return Optional.empty();
      }
      terms.add(joined.get());
    }
    long target = terms.getFirst().value();
    return target >= settings.targets().min() && target <= settings.targets().max()
        ? Optional.of(new Puzzle(numbers, target, terms.getFirst().text(), steps))
        : Optional.empty();
  }

  private static Optional<Term> join(Term left, Term right, char sign, List<String> steps) {
    long a = left.value();
    long b = right.value();
    boolean whole = sign == '-' ? a > b : sign != '/' || a % b == 0;
    if (!whole || sign == '*' && a > Long.MAX_VALUE / b) {
      return Optional.empty();
    }
    long value =
        switch (sign) {
          case '+' -> a + b;
          case '-' -> a - b;
          case '*' -> a * b;
          default -> a / b;
        };
    steps.add("" + a + sign + b + "=" + value);
    return Optional.of(new Term(value, left.within() + sign + right.within(), false));
  }

  private boolean isHeldOut(Puzzle puzzle) {
    String key = puzzle.numbers().stream().sorted().toList() + "=" + puzzle.target();
    return new RandomStream(seed, "countdown/split/" + key, 0).chance(settings.heldOut());
  }

  private final class Source implements TaskSource {
    private final String split;
    private final boolean wanted;

    Source(String split, boolean wanted) {
      this.split = split;
      this.wanted = wanted;
    }

    @Override
    public long size() {
      return Long.MAX_VALUE;
    }

    @Override
    public Task task(long index) {
      if (index < 0) {
        throw new IndexOutOfBoundsException("index: " + index + " is not 0 or more");
      }
      RandomStream random = new RandomStream(seed, "countdown/" + split, index);
      for (int i = 0; i < MOST_DRAWS; i++) {
        Optional<Puzzle> puzzle = draw(random);
        if (puzzle.isPresent() && isHeldOut(puzzle.get()) == wanted) {
          return describe(puzzle.get(), index);
        }
      }
      throw new DatasetException(
          "countdown: no %s task among %d drawn; few numbers of values %s make one of targets %s: move"
                  .formatted(split, MOST_DRAWS, settings.values(), settings.targets())
              + " them together, or held-out away from 0 and 1");
    }

    private Task describe(Puzzle puzzle, long index) {
      return new Task(
          "countdown/%d/%s/%d".formatted(seed, split, index),
          settings
              .prompt()
              .replace("{nums}", puzzle.numbers().toString())
              .replace("{target}", Long.toString(puzzle.target())),
          Optional.of(puzzle.solution()),
          puzzle.steps(),
          Map.of("nums", List.copyOf(puzzle.numbers()), "target", puzzle.target()));
    }
  }
}
