package io.whetstone.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class HeadsTest {
  @Test
  void columnsOfTheFusedRow() {
    Heads heads = new Heads(6, 2, 10);
    assertEquals(100, heads.fusedColumns());
    assertEquals(60, heads.outputColumns());
    assertEquals(3, heads.group());
  }

  @Test
  void impossibleHeadsAreRefused() {
    assertEquals(
        "query heads (3) must be a multiple of key/value heads (2)",
        assertThrows(IllegalArgumentException.class, () -> new Heads(3, 2, 8)).getMessage());
    assertEquals(
        "head size must be even and ≥ 2, got 7",
        assertThrows(IllegalArgumentException.class, () -> new Heads(2, 2, 7)).getMessage());
    for (int[] bad : new int[][] {{0, 0, 8}, {2, 0, 8}, {0, 1, 8}, {-2, -1, 8}, {1, 1, 0}}) {
      assertThrows(IllegalArgumentException.class, () -> new Heads(bad[0], bad[1], bad[2]));
    }
  }

  @Test
  void cachedRowsHaveASequenceAndALengthEach() {
    assertEquals(2, new CachedRows(new int[1][3], new int[2], new int[2]).rows());
    assertEquals(
        "2 rows have a sequence, 3 a length",
        assertThrows(
                IllegalArgumentException.class,
                () -> new CachedRows(new int[1][3], new int[2], new int[3]))
            .getMessage());
  }
}
