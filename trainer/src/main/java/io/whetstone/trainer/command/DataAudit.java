package io.whetstone.trainer.command;

import io.whetstone.datasets.Dataset;
import io.whetstone.datasets.Task;
import io.whetstone.datasets.TaskSource;
import io.whetstone.trainer.config.Data;
import io.whetstone.trainer.config.Experiment;
import io.whetstone.trainer.loop.FittingDataset;
import io.whetstone.trainer.loop.StageData;
import io.whetstone.trainer.rollout.PromptEncoder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Opens the data of an experiment, each once, and reads as much of them as tells what they are. */
final class DataAudit implements AutoCloseable {
  /** Entries of a file that are looked at: all of most, within seconds. */
  private static final int AUDITED = 50_000;

  /** Entries of an endless source that are looked at, where so many are taken. */
  private static final int AUDITED_OF_ENDLESS = 2_000;

  private final Experiment experiment;
  private final PromptEncoder prompts;
  private final Findings findings;
  private final Map<Data, Optional<Dataset>> opened = new HashMap<>();

  /** Prompts that evaluation uses. */
  private final Set<String> heldOut = new HashSet<>();

  DataAudit(Experiment experiment, PromptEncoder prompts, Findings findings) {
    this.experiment = experiment;
    this.prompts = prompts;
    this.findings = findings;
  }

  /** The data, read once; null where it cannot be used, which was then said. */
  Dataset open(String where, Data data) {
    if (!opened.containsKey(data)) {
      Dataset dataset =
          findings.attempt(
              where,
              () ->
                  FittingDataset.of(StageData.open(data, Path.of(""), experiment.seed()), prompts));
      opened.put(data, Optional.ofNullable(dataset));
      if (dataset != null) {
        findings.say(where, dataset.summary().toString());
      }
    }
    return opened.get(data).orElse(null);
  }

  /** How many entries are looked at, of which a run visits so many. */
  static int audited(long size, long visited) {
    return (int)
        (size == Long.MAX_VALUE ? Math.min(AUDITED_OF_ENDLESS, visited) : Math.min(AUDITED, size));
  }

  /** The first of them. */
  static List<Task> tasks(TaskSource source, long visited) {
    List<Task> tasks = new ArrayList<>();
    int count = audited(source.size(), visited);
    for (int i = 0; i < count; i++) {
      tasks.add(source.task(i));
    }
    return tasks;
  }

  /** Remembers what an evaluation uses. */
  void holdOut(List<Task> tasks) {
    tasks.forEach(task -> heldOut.add(task.prompt()));
  }

  /** Later the run would have to stop at such a task, perhaps after hours. */
  void requireNotHeldOut(String where, List<Task> tasks) {
    List<Task> shared = tasks.stream().filter(task -> heldOut.contains(task.prompt())).toList();
    if (!shared.isEmpty()) {
      findings.problem(
          where
              + ": "
              + shared.size()
              + " of "
              + tasks.size()
              + " prompts are among those that evaluation holds out, first: task "
              + shared.getFirst().id()
              + "; give both data that share no prompt, or the same data and held-out");
    }
  }

  void requireSome(String where, Dataset data, int count) {
    if (count == 0) {
      findings.problem(
          where
              + ": "
              + data.name()
              + " is all held out, with nothing to train on; lower held-out");
    }
  }

  @Override
  public void close() {
    opened.values().forEach(data -> data.ifPresent(Dataset::close));
  }
}
