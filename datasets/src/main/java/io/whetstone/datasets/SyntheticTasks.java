package io.whetstone.datasets;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Endless calculations, each a pure function of seed and index.
 *
 * <p>Whether a calculation is held out is decided by a hash of the seed and the calculation itself,
 * never by its index: training and held-out tasks of one seed are disjoint by construction, and
 * another seed draws another border. Sums and products are hashed with their numbers sorted, so
 * that not even a reordering of a held-out one is trained on.
 *
 * <p>Safe for use by several threads; holds no data.
 */
public final class SyntheticTasks implements Dataset {

  /** Draws one calculation. */
  private interface Generator extends Function<RandomStream, Calculation> {}

  private final String name;
  private final String alphabet;
  private final long seed;
  private final double heldOut;
  private final MessSettings mess;
  private final Generator generator;

  private SyntheticTasks(
      String name,
      String alphabet,
      long seed,
      double heldOut,
      MessSettings mess,
      Generator generator) {
    this.name = name;
    this.alphabet = alphabet;
    this.seed = seed;
    this.heldOut = heldOut;
    this.mess = mess;
    this.generator = generator;
  }

  /** Sums of several numbers. */
  public static SyntheticTasks sums(SumsSettings settings, long seed) {
    return new SyntheticTasks(
        "sums",
        "+",
        seed,
        settings.heldOut(),
        settings.mess(),
        random -> Calculation.draw(random, settings.numbers(), settings.values(), () -> '+'));
  }

  /** Chains of additions and subtractions. */
  public static SyntheticTasks chains(ChainsSettings settings, long seed) {
    return new SyntheticTasks(
        "chains",
        "+-",
        seed,
        settings.heldOut(),
        settings.mess(),
        random ->
            Calculation.draw(
                random,
                settings.numbers(),
                settings.values(),
                () -> random.chance(settings.minus()) ? '-' : '+'));
  }

  /** Products of several numbers. */
  public static SyntheticTasks products(ProductsSettings settings, long seed) {
    return new SyntheticTasks(
        "products",
        "*",
        seed,
        settings.heldOut(),
        settings.mess(),
        random -> Calculation.draw(random, settings.numbers(), settings.values(), () -> '*'));
  }

  @Override
  public String name() {
    return name;
  }

  /** Every character that a prompt or a well-formed completion may hold, the four tags apart. */
  public String alphabet() {
    return "0123456789" + alphabet + "=;?";
  }

  @Override
  public TaskSource training() {
    return new Source("training", false);
  }

  @Override
  public TaskSource heldOut() {
    return new Source("held-out", true);
  }

  @Override
  public Optional<DemonstrationSource> demonstrations() {
    return Optional.of(new MessyDemonstrations(training(), mess, seed));
  }

  /** Lengths are those of the first thousand tasks of each part. */
  @Override
  public DatasetSummary summary() {
    List<Task> some = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      some.add(training().task(i));
      some.add(heldOut().task(i));
    }
    return DatasetSummary.ofEndless(name, some);
  }

  @Override
  public void close() {
    // Nothing is open.
  }

  private boolean isHeldOut(Calculation calculation) {
    return Hash.unit(calculation.key(), seed) < heldOut;
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
      RandomStream random = new RandomStream(seed, name + "/" + split, index);
      // A share of one in a thousand still fails here only with probability 1e-43.
      for (int attempt = 0; attempt < 100_000; attempt++) {
        Calculation calculation = generator.apply(random);
        if (isHeldOut(calculation) == wanted) {
          return describe(calculation, index);
        }
      }
      throw new DatasetException(
          "%s: no %s task among 100000 drawn; there are too few different tasks, widen numbers or"
                  .formatted(name, split)
              + " values, or move held-out away from 0 and 1");
    }

    private Task describe(Calculation calculation, long index) {
      return new Task(
          "%s/%d/%s/%d".formatted(name, seed, split, index),
          calculation.prompt(),
          Optional.of(Long.toString(calculation.result())),
          calculation.steps(),
          Map.of("numbers", List.copyOf(calculation.numbers())));
    }
  }
}
