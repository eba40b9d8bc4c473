package io.whetstone.trainer.loop;

import io.whetstone.datasets.Dataset;
import io.whetstone.datasets.DatasetSummary;
import io.whetstone.datasets.DemonstrationSource;
import io.whetstone.datasets.Task;
import io.whetstone.datasets.TaskSource;
import io.whetstone.trainer.rollout.PromptEncoder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Data without the tasks whose prompts have more tokens than {@code prompt-template.max-tokens}.
 * All prompts are encoded once, when it is made: about a second for ten thousand.
 */
public final class FittingDataset implements Dataset {
  private final Dataset all;
  private final TaskSource training;
  private final TaskSource heldOut;

  private FittingDataset(Dataset all, TaskSource training, TaskSource heldOut) {
    this.all = all;
    this.training = training;
    this.heldOut = heldOut;
  }

  /**
   * The data without prompts that are too long, where the configuration drops them.
   *
   * @throws IllegalArgumentException where none is left, or the data have no end
   */
  public static Dataset of(Dataset all, PromptEncoder prompts) {
    if (!prompts.dropsTooLong()) {
      return all;
    }
    TaskSource training = fitting(all, all.training(), prompts);
    if (training.size() == 0 && all.training().size() > 0) {
      throw new IllegalArgumentException(
          "prompt-template.max-tokens: every prompt of " + all.name() + " is longer; raise it");
    }
    return new FittingDataset(all, training, fitting(all, all.heldOut(), prompts));
  }

  private static TaskSource fitting(Dataset data, TaskSource source, PromptEncoder prompts) {
    if (source.size() == Long.MAX_VALUE) {
      throw new IllegalArgumentException(
          "prompt-template.too-long: "
              + data.name()
              + " has no end, so that what is too long cannot be counted; use stop");
    }
    int[] kept =
        IntStream.range(0, Math.toIntExact(source.size()))
            .filter(i -> prompts.fits(source.task(i)))
            .toArray();
    return kept.length == source.size() ? source : new Kept(source, kept);
  }

  /** Some of a source's tasks, in its order. */
  private record Kept(TaskSource source, int[] indices) implements TaskSource {
    @Override
    public long size() {
      return indices.length;
    }

    @Override
    public Task task(long index) {
      return source.task(indices[Math.toIntExact(index)]);
    }

    @Override
    public double difficulty(long index) {
      return source.difficulty(indices[Math.toIntExact(index)]);
    }
  }

  @Override
  public String name() {
    return all.name();
  }

  @Override
  public TaskSource training() {
    return training;
  }

  @Override
  public TaskSource heldOut() {
    return heldOut;
  }

  @Override
  public Optional<DemonstrationSource> demonstrations() {
    return all.demonstrations();
  }

  @Override
  public DatasetSummary summary() {
    DatasetSummary found = all.summary();
    List<String> notes = new ArrayList<>(found.notes());
    long dropped = all.training().size() + all.heldOut().size() - training.size() - heldOut.size();
    if (dropped > 0) {
      notes.add("longer than prompt-template.max-tokens, left out: " + dropped);
    }
    return new DatasetSummary(
        found.name(),
        training.size(),
        heldOut.size(),
        found.skipped(),
        found.duplicates(),
        found.conflicts(),
        found.prompts(),
        found.answers(),
        found.examples(),
        notes);
  }

  @Override
  public void close() {
    all.close();
  }
}
