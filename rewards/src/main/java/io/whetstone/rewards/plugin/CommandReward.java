package io.whetstone.rewards.plugin;

import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.Group;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.Score;
import io.whetstone.rewards.plugin.CommandProvider.CommandSettings;
import io.whetstone.rewards.plugin.CommandProvider.Per;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;

/** Asks a program's processes. What they fail to answer has no value. */
final class CommandReward implements Reward {

  private final CommandSettings settings;
  private final List<CommandWorker> workers = new ArrayList<>();
  private final BlockingQueue<CommandWorker> idle = new LinkedBlockingQueue<>();
  private final AtomicLong ids = new AtomicLong();

  CommandReward(CommandSettings settings) {
    this.settings = settings;
    for (int i = 0; i < settings.processes(); i++) {
      workers.add(new CommandWorker(settings));
    }
    idle.addAll(workers);
  }

  /** What a program answers, and when, is its own affair. */
  @Override
  public boolean repeats() {
    return false;
  }

  @Override
  public List<Score> score(Group group) throws InterruptedException {
    CommandWorker worker = idle.take();
    try {
      return settings.per() == Per.GROUP ? scoreGroup(worker, group) : scoreEach(worker, group);
    } finally {
      idle.add(worker);
    }
  }

  private List<Score> scoreGroup(CommandWorker worker, Group group) throws InterruptedException {
    int count = group.candidates().size();
    long id = ids.incrementAndGet();
    try {
      return worker.ask(CommandLines.ask(id, group), line -> CommandLines.scores(line, id, count));
    } catch (CommandWorker.FailedException e) {
      return Collections.nCopies(count, score(e));
    }
  }

  private List<Score> scoreEach(CommandWorker worker, Group group) throws InterruptedException {
    List<Score> scores = new ArrayList<>();
    for (Candidate candidate : group.candidates()) {
      long id = ids.incrementAndGet();
      try {
        scores.add(
            worker.ask(
                CommandLines.ask(id, group, candidate), line -> CommandLines.score(line, id)));
      } catch (CommandWorker.FailedException e) {
        scores.add(score(e));
      }
    }
    return scores;
  }

  private static Score score(CommandWorker.FailedException e) {
    return e.isLate() ? Score.timeout(e.getMessage()) : Score.error(e.getMessage());
  }

  @Override
  public boolean comparesCandidates() {
    return settings.per() == Per.GROUP;
  }

  @Override
  public OptionalInt concurrency() {
    return OptionalInt.of(settings.processes());
  }

  @Override
  public void close() {
    workers.forEach(CommandWorker::close);
  }
}
