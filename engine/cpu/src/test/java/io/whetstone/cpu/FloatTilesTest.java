package io.whetstone.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.whetstone.tensor.Philox;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Against chains of {@link Math#fma}, to the bit, with nothing beside the tile touched. */
class FloatTilesTest {
  private static final long A_ROW = 4 * 45;
  private static final long B_STEP = 4 * 70;
  private static final long B_BLOCK = 4 * 37;
  private static final long C_ROW = 4 * 35;
  private static final int FLOATS = 4096;

  static List<FloatTiles> tiles() {
    return List.of(FloatTiles.forThisMachine(), new FloatVectors());
  }

  @ParameterizedTest
  @MethodSource("tiles")
  void everyTileIsChainsInOrder(FloatTiles tiles) {
    for (int rows = 1; rows <= FloatTiles.ROWS; rows++) {
      for (int blocks = 1; blocks <= 2; blocks++) {
        for (int k : new int[] {1, 2, 33}) {
          for (FloatTiles.Sum sum : FloatTiles.Sum.values()) {
            check(tiles, rows, blocks, k, A_ROW, Float.BYTES, sum);
            check(tiles, rows, blocks, k, Float.BYTES, A_ROW / 3, sum);
          }
        }
      }
    }
  }

  private static void check(
      FloatTiles tiles, int rows, int blocks, int k, long aRow, long aStep, FloatTiles.Sum sum) {
    try (Allocation a = numbers(1);
        Allocation b = numbers(2);
        Allocation c = numbers(3);
        Allocation before = numbers(3)) {
      tiles.multiply(
          rows,
          blocks,
          a.address(),
          aRow,
          aStep,
          b.address(),
          B_STEP,
          B_BLOCK,
          k,
          c.address(),
          C_ROW,
          sum);
      for (int i = 0; i < FLOATS; i++) {
        int row = (int) (4L * i / C_ROW);
        int column = (int) (4L * i % C_ROW / 4);
        float expected = Memory.get(before.address() + 4L * i);
        if (row < rows && column < blocks * FloatTiles.COLUMNS) {
          float old = expected;
          expected = sum == FloatTiles.Sum.CONTINUED ? old : 0;
          for (int j = 0; j < k; j++) {
            long at = B_BLOCK * (column / FloatTiles.COLUMNS) + 4 * (column % FloatTiles.COLUMNS);
            float x = Memory.get(a.address() + aRow * row + aStep * j);
            expected = Math.fma(x, Memory.get(b.address() + B_STEP * j + at), expected);
          }
          expected += sum == FloatTiles.Sum.ADDED ? old : 0;
        }
        int element = i;
        assertEquals(
            Float.floatToRawIntBits(expected),
            Float.floatToRawIntBits(Memory.get(c.address() + 4L * i)),
            () -> rows + " rows, " + blocks + " blocks, k " + k + ", element " + element);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("tiles")
  void rowsBecomeColumns(FloatTiles tiles) {
    for (int size : new int[] {4, 20, 64}) {
      try (Allocation from = numbers(4);
          Allocation to = numbers(5);
          Allocation before = numbers(5)) {
        long fromRow = 4L * (size + 5);
        tiles.transpose(from.address(), fromRow, size, to.address());
        for (int i = 0; i < FLOATS; i++) {
          int d = i / FloatTiles.COLUMNS;
          int r = i % FloatTiles.COLUMNS;
          float expected =
              d < size
                  ? Memory.get(from.address() + fromRow * r + 4L * d)
                  : Memory.get(before.address() + 4L * i);
          assertEquals(expected, Memory.get(to.address() + 4L * i), "element " + i);
        }
      }
    }
  }

  private static Allocation numbers(long key) {
    Allocation allocation = new Allocation(4L * FLOATS, "test");
    for (int i = 0; i < FLOATS; i++) {
      Memory.set(allocation.address() + 4L * i, (float) Philox.normal(key, i));
    }
    return allocation;
  }
}
