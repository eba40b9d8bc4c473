package io.whetstone.model;

import io.whetstone.tensor.Segments;

/**
 * Tokens of several sequences one after another, without padding.
 *
 * <p>Example: a prompt {@code 5 6 7} and its completions {@code 1 2} and {@code 3 4 8 9}, the
 * prompt computed once: {@code ids = {5, 6, 7, 1, 2, 3, 4, 8, 9}}, {@code positions = {0, 1, 2, 3,
 * 4, 3, 4, 5, 6}}, segments as in {@link Segments}' example.
 *
 * @param ids for each row, its token
 * @param positions for each row, its place in its own sequence, the prefix included
 * @param segments how rows form sequences
 */
public record PackedTokens(int[] ids, int[] positions, Segments segments) {
  public PackedTokens {
    if (ids.length != segments.rows() || positions.length != segments.rows()) {
      throw new IllegalArgumentException(
          "packed tokens: "
              + ids.length
              + " ids and "
              + positions.length
              + " positions, expected one of each for the "
              + segments.rows()
              + " rows of the segments");
    }
  }

  /** Rows with positions counted from each segment's prefix on: 0, 1, … for one without. */
  public static PackedTokens of(int[] ids, Segments segments) {
    int[] positions = new int[segments.rows()];
    for (int s = 0; s < segments.count(); s++) {
      for (int r = segments.start()[s]; r < segments.end()[s]; r++) {
        positions[r] = segments.prefixLength(s) + r - segments.start()[s];
      }
    }
    return new PackedTokens(ids, positions, segments);
  }

  public int rows() {
    return ids.length;
  }
}
