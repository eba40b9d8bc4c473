package io.whetstone.tensor;

/**
 * How the rows of a packed batch form sequences, for attention without padding.
 *
 * <p>Segment s owns rows {@code [start[s], end[s])}. Its token at row r sees, in this order, the
 * rows {@code [prefixStart[s], prefixEnd[s])} and the rows {@code [start[s], r]}. The prefix is how
 * a group's prompt is computed once: the prompt is a segment with an empty prefix, every completion
 * a segment whose prefix is the prompt's rows. Prefixes are owned by segments without a prefix.
 * Segments are disjoint and ascending, and together cover rows {@code [0, rows())}.
 *
 * <p>Example: a prompt of 3 tokens and two completions of 2 and 4: {@code start = {0, 3, 5}},
 * {@code end = {3, 5, 9}}, {@code prefixStart = {0, 0, 0}}, {@code prefixEnd = {0, 3, 3}}.
 */
public record Segments(int[] start, int[] end, int[] prefixStart, int[] prefixEnd) {
  public Segments {
    if (end.length != start.length
        || prefixStart.length != start.length
        || prefixEnd.length != start.length) {
      throw new IllegalArgumentException(
          "segments: %d starts, %d ends, %d prefix starts, %d prefix ends"
              .formatted(start.length, end.length, prefixStart.length, prefixEnd.length));
    }
    int next = 0;
    for (int s = 0; s < start.length; s++) {
      if (start[s] != next || end[s] < start[s]) {
        throw new IllegalArgumentException(
            "segment "
                + s
                + " is ["
                + start[s]
                + ", "
                + end[s]
                + "), expected to start at "
                + next);
      }
      next = end[s];
      if (prefixStart[s] < 0 || prefixEnd[s] < prefixStart[s] || prefixEnd[s] > start[s]) {
        throw new IllegalArgumentException(
            "segment " + s + " has the prefix [" + prefixStart[s] + ", " + prefixEnd[s] + ")");
      }
      for (int owner = 0; owner < s && prefixEnd[s] > prefixStart[s]; owner++) {
        boolean owns = start[owner] < prefixEnd[s] && end[owner] > prefixStart[s];
        if (owns && prefixEnd[owner] > prefixStart[owner]) {
          throw new IllegalArgumentException(
              "segment %d has the prefix [%d, %d), of segment %d, which has a prefix itself"
                  .formatted(s, prefixStart[s], prefixEnd[s], owner));
        }
      }
    }
  }

  /** Sequences of these lengths one after another, without prefixes. */
  public static Segments ofLengths(int... lengths) {
    int n = lengths.length;
    int[] start = new int[n];
    int[] end = new int[n];
    int row = 0;
    for (int s = 0; s < n; s++) {
      start[s] = row;
      row += lengths[s];
      end[s] = row;
    }
    return new Segments(start, end, new int[n], new int[n]);
  }

  public int count() {
    return start.length;
  }

  /** Rows of the packed batch. */
  public int rows() {
    return count() == 0 ? 0 : end[count() - 1];
  }

  /** Length of segment s's prefix. */
  public int prefixLength(int s) {
    return prefixEnd[s] - prefixStart[s];
  }
}
