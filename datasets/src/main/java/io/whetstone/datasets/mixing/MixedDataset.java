package io.whetstone.datasets.mixing;

import io.whetstone.datasets.Dataset;
import io.whetstone.datasets.DatasetSummary;
import io.whetstone.datasets.Demonstration;
import io.whetstone.datasets.DemonstrationSource;
import io.whetstone.datasets.Task;
import io.whetstone.datasets.TaskSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;

/**
 * Several datasets as one, in the ratio of their weights; see {@link Mixture}. A part that ends
 * begins anew until every part has come up whole, or the mixture ends with it, as its settings say.
 * What is held out ends with the first part, so that nothing is measured twice.
 */
public final class MixedDataset implements Dataset {

  /** When a mixture of training tasks ends. */
  public enum Until {
    /** Where every part that ends has come up whole; never, where one is endless. */
    ALL_EXHAUSTED,
    /** Where the first part has come up whole. */
    FIRST_EXHAUSTED
  }

  /** A dataset and how much of the mixture is its. */
  public record Part(double weight, Dataset data) {}

  private final List<Part> parts;
  private final Until until;
  private final long seed;
  private final boolean alike;

  /**
   * @param parts at least one; closed with this
   */
  public MixedDataset(List<Part> parts, Until until, long seed) {
    this.parts = List.copyOf(parts);
    this.until = until;
    this.seed = seed;
    this.alike = parts.stream().map(p -> p.data().name()).distinct().count() < parts.size();
  }

  @Override
  public String name() {
    return parts.stream().map(part -> part.data().name()).collect(Collectors.joining(" + "));
  }

  @Override
  public TaskSource training() {
    return tasks(Dataset::training, until == Until.ALL_EXHAUSTED);
  }

  @Override
  public TaskSource heldOut() {
    return tasks(Dataset::heldOut, false);
  }

  private TaskSource tasks(java.util.function.Function<Dataset, TaskSource> side, boolean whole) {
    List<TaskSource> sources = parts.stream().map(part -> side.apply(part.data())).toList();
    List<Integer> filled = filled(i -> sources.get(i).size());
    return new MixedTasks(sources, filled, mixture(filled, i -> sources.get(i).size(), whole));
  }

  /** Parts that have something on this side. */
  private List<Integer> filled(ToLongFunction<Integer> size) {
    List<Integer> filled = new ArrayList<>();
    for (int i = 0; i < parts.size(); i++) {
      if (size.applyAsLong(i) > 0) {
        filled.add(i);
      }
    }
    return filled;
  }

  private Optional<Mixture> mixture(
      List<Integer> filled, ToLongFunction<Integer> size, boolean whole) {
    return filled.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new Mixture(
                filled.stream().mapToDouble(i -> parts.get(i).weight()).toArray(),
                filled.stream().mapToLong(size).toArray(),
                whole,
                seed));
  }

  /** Where every part has some. */
  @Override
  public Optional<DemonstrationSource> demonstrations() {
    List<DemonstrationSource> sources =
        parts.stream().flatMap(part -> part.data().demonstrations().stream()).toList();
    if (sources.size() < parts.size()) {
      return Optional.empty();
    }
    List<Integer> filled = filled(i -> sources.get(i).size());
    Optional<Mixture> mixture =
        mixture(filled, i -> sources.get(i).size(), until == Until.ALL_EXHAUSTED);
    return Optional.of(
        new DemonstrationSource() {
          @Override
          public long size() {
            return mixture.map(Mixture::size).orElse(0L);
          }

          @Override
          public Demonstration demonstration(long index) {
            Mixture.Place place = place(mixture, index, size());
            int part = filled.get(place.part());
            Demonstration one = sources.get(part).demonstration(place.index());
            return new Demonstration(named(one.task(), part), one.completion(), one.conversation());
          }
        });
  }

  private Mixture.Place place(Optional<Mixture> mixture, long index, long size) {
    if (index < 0 || index >= size) {
      throw new IndexOutOfBoundsException(
          name() + ": index " + index + " is not in [0, " + size + ")");
    }
    return mixture.orElseThrow().at(index);
  }

  /** The task, with its part's number where the names of parts could be mistaken. */
  private Task named(Task task, int part) {
    return alike
        ? new Task(
            "part-" + (part + 1) + "/" + task.id(),
            task.prompt(),
            task.answer(),
            task.steps(),
            task.fields(),
            task.conversation())
        : task;
  }

  @Override
  public DatasetSummary summary() {
    List<DatasetSummary> all = parts.stream().map(part -> part.data().summary()).toList();
    List<String> notes = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      notes.add(
          "weight %s: %s"
              .formatted(parts.get(i).weight(), all.get(i).toString().replace("\n", "\n  ")));
    }
    return new DatasetSummary(
        name(),
        training().size(),
        heldOut().size(),
        sum(all, DatasetSummary::skipped),
        sum(all, DatasetSummary::duplicates),
        sum(all, DatasetSummary::conflicts),
        lengths(all.stream().map(DatasetSummary::prompts).toList()),
        lengths(all.stream().map(DatasetSummary::answers).toList()),
        all.stream().flatMap(summary -> summary.examples().stream()).limit(5).toList(),
        notes);
  }

  private static long sum(List<DatasetSummary> all, ToLongFunction<DatasetSummary> what) {
    return all.stream().mapToLong(what).sum();
  }

  /** The mean is that of the parts, each counting once. */
  private static DatasetSummary.Lengths lengths(List<DatasetSummary.Lengths> all) {
    return new DatasetSummary.Lengths(
        all.stream().mapToInt(DatasetSummary.Lengths::min).min().orElse(0),
        all.stream().mapToDouble(DatasetSummary.Lengths::mean).average().orElse(0),
        all.stream().mapToInt(DatasetSummary.Lengths::max).max().orElse(0));
  }

  @Override
  public void close() {
    parts.forEach(part -> part.data().close());
  }

  private final class MixedTasks implements TaskSource {
    private final List<TaskSource> sources;
    private final List<Integer> filled;
    private final Optional<Mixture> mixture;

    MixedTasks(List<TaskSource> sources, List<Integer> filled, Optional<Mixture> mixture) {
      this.sources = sources;
      this.filled = filled;
      this.mixture = mixture;
    }

    @Override
    public long size() {
      return mixture.map(Mixture::size).orElse(0L);
    }

    @Override
    public Task task(long index) {
      Mixture.Place place = place(mixture, index, size());
      int part = filled.get(place.part());
      return named(sources.get(part).task(place.index()), part);
    }

    @Override
    public double difficulty(long index) {
      Mixture.Place place = place(mixture, index, size());
      return sources.get(filled.get(place.part())).difficulty(place.index());
    }
  }
}
