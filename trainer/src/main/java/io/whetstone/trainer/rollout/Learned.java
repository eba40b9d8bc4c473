package io.whetstone.trainer.rollout;

/**
 * A text to learn from, as ids.
 *
 * @param ids n ids
 * @param trained n marks: the id is to be learned
 */
public record Learned(int[] ids, boolean[] trained) {
  public Learned {
    if (ids.length != trained.length) {
      throw new IllegalArgumentException(ids.length + " ids and " + trained.length + " marks");
    }
  }
}
