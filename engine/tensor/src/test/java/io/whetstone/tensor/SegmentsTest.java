package io.whetstone.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class SegmentsTest {
  @Test
  void lengthsBecomeConsecutiveRanges() {
    Segments segments = Segments.ofLengths(3, 0, 2);
    assertArrayEquals(new int[] {0, 3, 3}, segments.start());
    assertArrayEquals(new int[] {3, 3, 5}, segments.end());
    assertEquals(3, segments.count());
    assertEquals(5, segments.rows());
    assertEquals(0, segments.prefixLength(2));
    assertEquals(0, Segments.ofLengths().rows());
  }

  @Test
  void aPromptAndItsCompletions() {
    Segments segments =
        new Segments(
            new int[] {0, 3, 5}, new int[] {3, 5, 9}, new int[] {0, 0, 0}, new int[] {0, 3, 3});
    assertEquals(9, segments.rows());
    assertEquals(3, segments.prefixLength(2));
  }

  @Test
  void gapsAndOverlapsAreRefused() {
    refused(
        "segment 1 is [4, 5), expected to start at 3",
        ints(0, 4),
        ints(3, 5),
        ints(0, 0),
        ints(0, 0));
    refused(
        "segment 1 is [2, 5), expected to start at 3",
        ints(0, 2),
        ints(3, 5),
        ints(0, 0),
        ints(0, 0));
    refused("segment 0 is [0, -1), expected to start at 0", ints(0), ints(-1), ints(0), ints(0));
    refused("segment 0 is [1, 2), expected to start at 0", ints(1), ints(2), ints(0), ints(0));
    assertThrows(IllegalArgumentException.class, () -> Segments.ofLengths(2, -1));
  }

  /** A prefix lies before its segment, in one segment that has none itself. */
  @Test
  void impossiblePrefixesAreRefused() {
    refused("segment 1 has the prefix [-1, 2)", ints(0, 3), ints(3, 5), ints(0, -1), ints(0, 2));
    refused("segment 1 has the prefix [2, 1)", ints(0, 3), ints(3, 5), ints(0, 2), ints(0, 1));
    refused("segment 1 has the prefix [0, 4)", ints(0, 3), ints(3, 5), ints(0, 0), ints(0, 4));
    refused(
        "segment 2 has the prefix [3, 5)",
        ints(0, 3, 5),
        ints(3, 5, 6),
        ints(0, 0, 3),
        ints(0, 3, 5));
  }

  @Test
  void arraysOfDifferentLengthsAreRefused() {
    refused("segments: 2 starts, 1 ends", ints(0, 1), ints(1), ints(0, 0), ints(0, 0));
    refused("2 prefix starts", ints(0), ints(1), ints(0, 0), ints(0));
    refused("0 prefix ends", ints(0), ints(1), ints(0), ints());
  }

  private static int[] ints(int... values) {
    return values;
  }

  private static void refused(
      String expected, int[] start, int[] end, int[] prefixStart, int[] prefixEnd) {
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> new Segments(start, end, prefixStart, prefixEnd))
            .getMessage();
    assertTrue(message.contains(expected), message);
  }
}
