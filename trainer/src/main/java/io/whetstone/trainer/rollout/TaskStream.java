package io.whetstone.trainer.rollout;

import java.util.List;

/** The tasks of a stage in the order they come up. */
public interface TaskStream {
  /** The next {@code count} tasks. */
  List<TaskVisit> next(int count);

  /** How often tasks were asked for, in the stream's own count: where it stands. */
  long position();

  /** Goes on from where a stream that stood at {@code position} would. */
  void restore(long position);
}
