package io.whetstone.datasets;

/** Demonstrations by index; the same index always gives the same one, on any thread. */
public interface DemonstrationSource {

  /** The number of demonstrations, {@link Long#MAX_VALUE} when endless. */
  long size();

  /**
   * The demonstration at an index.
   *
   * @throws IndexOutOfBoundsException unless {@code 0 <= index < size()}
   * @throws DatasetException if the data behind it cannot be read
   */
  Demonstration demonstration(long index);
}
