package io.whetstone.rewards;

import io.whetstone.datasets.DatasetException;
import io.whetstone.datasets.Task;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * Scores the candidates of a group. This is what a plugin implements; a reward that looks at one
 * candidate at a time is made with {@link #each}.
 *
 * <p>Called from several threads at once, and interrupted when its deadline passes.
 */
@FunctionalInterface
public interface Reward extends AutoCloseable {

  /**
   * One score a candidate, in the candidates' order.
   *
   * @throws Exception if the reward cannot do its work; every candidate's score is then an {@link
   *     Outcome#ERROR}, never a 0
   */
  List<Score> score(Group group) throws Exception;

  /**
   * Called for tasks when they are loaded, before any is sampled.
   *
   * @throws DatasetException if this reward could never score the task: a gold answer that it
   *     cannot read
   */
  default void check(Task task) {}

  /**
   * Called with all groups of a step before any is scored, on the thread that asks for the scores
   * (which in a run is the engine's): what computes best all at once is computed here and given out
   * by {@link #score}. No deadline applies.
   *
   * @throws Exception if the reward cannot do its work; every score of the step is then an {@link
   *     Outcome#ERROR}
   */
  default void prepare(List<Group> groups) throws Exception {}

  /**
   * Whether a completion's score depends on the others of its group. Such a reward is shown stored
   * completions of one task together, and its scores are not remembered one by one.
   */
  default boolean comparesCandidates() {
    return false;
  }

  /**
   * How long scoring so many candidates may take although nothing hangs, as far as the reward
   * knows: its deadline where the configuration sets none is at least that.
   */
  default Duration patience(int candidates) {
    return Duration.ZERO;
  }

  /** How many groups it can score at the same time; empty where as many as there are threads. */
  default OptionalInt concurrency() {
    return OptionalInt.empty();
  }

  /**
   * Whether the same group always has the same scores, to the bit. Those of a reward that depends
   * on a clock, a server or a program of its own are recorded before they are used, and a run that
   * goes on reads the record.
   */
  default boolean repeats() {
    return true;
  }

  /**
   * Called before a run begins, when nothing is sampled yet: looks whether what the reward depends
   * on is there, such as a server and the key for it.
   *
   * @throws IllegalArgumentException saying what is wrong and how to mend it
   */
  default void preflight() throws InterruptedException {}

  /** Called once when nothing is scored any more: ends processes, closes files. */
  @Override
  default void close() {}

  /** Scores one candidate of a task. */
  @FunctionalInterface
  interface OfCandidate {
    Score score(Task task, Candidate candidate) throws Exception;
  }

  /**
   * A reward that scores each candidate by itself. Where it throws, that candidate's score is an
   * error; the others keep theirs.
   */
  static Reward each(OfCandidate reward) {
    return group -> {
      List<Score> scores = new ArrayList<>();
      for (Candidate candidate : group.candidates()) {
        try {
          scores.add(reward.score(group.task(), candidate));
        } catch (InterruptedException e) {
          throw e; // the deadline passed: there is no time for the others
        } catch (Exception e) {
          scores.add(Score.error(e.toString()));
        }
      }
      return scores;
    };
  }
}
