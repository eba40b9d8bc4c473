package io.whetstone.datasets;

/**
 * Tasks by index. The same index always gives the same task, on any thread, so that a run can be
 * resumed from a number.
 */
public interface TaskSource {

  /** The number of tasks, {@link Long#MAX_VALUE} when endless. */
  long size();

  /**
   * The task at an index.
   *
   * @throws IndexOutOfBoundsException unless {@code 0 <= index < size()}
   * @throws DatasetException if the data behind the task cannot be read
   */
  Task task(long index);

  /**
   * How hard the data say the task at an index is, larger is harder; NaN where they do not say.
   *
   * @throws IndexOutOfBoundsException unless {@code 0 <= index < size()}
   */
  default double difficulty(long index) {
    return Double.NaN;
  }
}
