package io.whetstone.cpu;

import io.whetstone.tensor.Segments;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * A packed batch's segments cut into units, in order: the rows that a task works on at once. The
 * cuts depend on the segments alone, so sums over units have the same bits on any number of
 * threads.
 *
 * @param segments what is cut
 * @param segment for each unit, its segment
 * @param from for each unit, its first row
 * @param to for each unit, the row after its last
 */
record AttentionUnits(Segments segments, int[] segment, int[] from, int[] to) {
  /**
   * Rows of a unit at least, if the segment has them: below, laying out the keys would cost more.
   */
  private static final int ROWS = 256;

  /** Units of a segment at most: each keeps gradients for all the keys it sees. */
  private static final int MOST = 8;

  private static final int TASKS_PER_THREAD = 4;

  static AttentionUnits of(Segments segments) {
    int count = 0;
    for (int s = 0; s < segments.count(); s++) {
      int length = segments.end()[s] - segments.start()[s];
      count += (length + rows(length) - 1) / rows(length);
    }
    AttentionUnits units =
        new AttentionUnits(segments, new int[count], new int[count], new int[count]);
    int unit = 0;
    for (int s = 0; s < segments.count(); s++) {
      int rows = rows(segments.end()[s] - segments.start()[s]);
      for (int row = segments.start()[s]; row < segments.end()[s]; row += rows) {
        units.segment[unit] = s;
        units.from[unit] = row;
        units.to[unit] = Math.min(segments.end()[s], row + rows);
        unit++;
      }
    }
    return units;
  }

  private static int rows(int length) {
    return Math.max(ROWS, (length + MOST - 1) / MOST);
  }

  int count() {
    return segment.length;
  }

  /** Length of the prefix that a unit's rows see. */
  int prefix(int unit) {
    return segments.prefixLength(segment[unit]);
  }

  /** Positions that row r of a unit sees. */
  int visible(int unit, int r) {
    return prefix(unit) + r - segments.start()[segment[unit]] + 1;
  }

  /** Positions that the last row of a unit sees. */
  int visible(int unit) {
    return visible(unit, to[unit] - 1);
  }

  /** The row at position j of the sequence that a unit sees. */
  int row(int unit, int j) {
    int prefix = prefix(unit);
    return j < prefix
        ? segments.prefixStart()[segment[unit]] + j
        : segments.start()[segment[unit]] + j - prefix;
  }

  /** Work on a unit for the key and value heads [fromHead, toHead). */
  interface Body {
    void accept(int unit, int fromHead, int toHead);
  }

  /** Calls {@code body} so that every unit meets every head, on all workers. */
  void run(Workers workers, int heads, Body body) {
    // All heads of short sequences together, as their rows lie side by side; long ones head by
    // head, whose keys and values then stay in the cache.
    boolean together = longest() <= ROWS && count() >= TASKS_PER_THREAD * workers.threads();
    int parts = together ? 1 : heads;
    // The last units of a long segment cost most: they go first.
    workers.run(
        count() * parts,
        task -> {
          int from = task % parts;
          body.accept(count() - 1 - task / parts, from, together ? heads : from + 1);
        });
  }

  /** The most positions that any unit sees. */
  int longest() {
    int longest = 0;
    for (int unit = 0; unit < count(); unit++) {
      longest = Math.max(longest, visible(unit));
    }
    return longest;
  }

  /**
   * For each segment, the units that see rows of it, in order: its own, and where it is a prefix.
   */
  int[][] seeing() {
    IntStream.Builder[] found = new IntStream.Builder[segments.count()];
    Arrays.setAll(found, s -> IntStream.builder());
    for (int unit = 0; unit < count(); unit++) {
      int own = segment[unit];
      if (prefix(unit) > 0) {
        int end = segments.prefixEnd()[own];
        int s = segmentOf(segments.prefixStart()[own]);
        for (; s < found.length && segments.start()[s] < end; s++) {
          found[s].add(unit);
        }
      }
      found[own].add(unit);
    }
    return Arrays.stream(found).map(f -> f.build().toArray()).toArray(int[][]::new);
  }

  /** The segment that owns a row. */
  private int segmentOf(int row) {
    int s = Arrays.binarySearch(segments.end(), row + 1);
    s = s < 0 ? -s - 1 : s;
    while (s > 0 && segments.end()[s - 1] > row) {
      s--;
    }
    return s;
  }
}
