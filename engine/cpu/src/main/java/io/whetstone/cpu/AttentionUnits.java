package io.whetstone.cpu;

import io.whetstone.tensor.Segments;
import java.util.Arrays;

/**
 * A packed batch's segments cut into pieces of at most so many rows, in order: what is worked on at
 * once. The cuts depend on the segments alone.
 *
 * @param segment for each unit, its segment
 * @param from for each unit, its first row
 * @param to for each unit, the row after its last
 */
record AttentionUnits(int[] segment, int[] from, int[] to) {
  static AttentionUnits of(Segments segments, int most) {
    int count = 0;
    for (int s = 0; s < segments.count(); s++) {
      count += (segments.end()[s] - segments.start()[s] + most - 1) / most;
    }
    AttentionUnits units = new AttentionUnits(new int[count], new int[count], new int[count]);
    int unit = 0;
    for (int s = 0; s < segments.count(); s++) {
      for (int row = segments.start()[s]; row < segments.end()[s]; row += most) {
        units.segment[unit] = s;
        units.from[unit] = row;
        units.to[unit] = Math.min(segments.end()[s], row + most);
        unit++;
      }
    }
    return units;
  }

  int count() {
    return segment.length;
  }

  /** The tile numbers 0, 1, … of a sequence whose tiles lie side by side. */
  static int[] consecutive(int positions) {
    int[] tiles = new int[TileLayout.tiles(positions)];
    Arrays.setAll(tiles, t -> t);
    return tiles;
  }
}
