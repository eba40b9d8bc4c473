package io.whetstone.trainer.loop;

import io.whetstone.datasets.Task;
import io.whetstone.datasets.TaskSource;
import io.whetstone.trainer.config.Curriculum;
import io.whetstone.trainer.rollout.CurriculumTasks;
import io.whetstone.trainer.rollout.DifficultyLedger;
import io.whetstone.trainer.rollout.DifficultyOrder;
import io.whetstone.trainer.rollout.ShuffledTasks;
import io.whetstone.trainer.rollout.TaskStream;
import java.io.IOException;
import java.nio.file.Path;

/** A stage's tasks, the order they come up in, and what was measured of each. */
final class StageTasks {
  /** The ledger's file in a checkpoint. */
  static final String LEDGER = "difficulty.jsonl";

  private final TaskSource source;
  private final TaskStream stream;
  private final DifficultyLedger ledger;

  StageTasks(TaskSource all, Curriculum settings, long key) {
    this.source = settings.pool().<TaskSource>map(n -> new Pool(all, n)).orElse(all);
    this.ledger = new DifficultyLedger(settings.memory());
    this.stream =
        settings.measures()
            ? new CurriculumTasks(source, settings, ledger, key)
            : settings.by() == Curriculum.By.DATA
                ? new DifficultyOrder(source, settings.order(), key)
                : new ShuffledTasks(source, key);
  }

  TaskSource source() {
    return source;
  }

  TaskStream stream() {
    return stream;
  }

  DifficultyLedger ledger() {
    return ledger;
  }

  /** Tasks of an endless source come up once each: what is known of them helps nobody. */
  private boolean comeUpAgain() {
    return source.size() != Long.MAX_VALUE;
  }

  void save(Path directory) throws IOException {
    if (comeUpAgain()) {
      ledger.write(directory.resolve(LEDGER));
    }
  }

  void restore(long position, Path directory) throws IOException {
    stream.restore(position);
    if (comeUpAgain()) {
      ledger.read(directory.resolve(LEDGER));
    }
  }

  /** The first tasks of a source. */
  private record Pool(TaskSource all, int count) implements TaskSource {
    @Override
    public long size() {
      return Math.min(count, all.size());
    }

    @Override
    public Task task(long index) {
      if (index >= size()) {
        throw new IndexOutOfBoundsException("index " + index + " is not in [0, " + size() + ")");
      }
      return all.task(index);
    }

    @Override
    public double difficulty(long index) {
      return all.difficulty(index);
    }
  }
}
