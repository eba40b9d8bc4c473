package io.whetstone.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class ShapeTest {
  @Test
  void rowsAreAllExtentsButTheLast() {
    Shape shape = Shape.of(2, 3, 5);
    assertEquals(30, shape.size());
    assertEquals(6, shape.rows());
    assertEquals(5, shape.columns());
    assertEquals("[2 × 3 × 5]", shape.toString());
    assertEquals(1, Shape.of(7).rows());
    assertEquals(0, Shape.of(0, 7).size());
    assertEquals(0, Shape.of(0, 7).rows());
  }

  /** More elements than an int counts: a vocabulary by a hidden size may be. */
  @Test
  void sizesAreLong() {
    assertEquals(3_000_000_000L, Shape.of(1_000_000, 3_000).size());
    assertThrows(ArithmeticException.class, () -> Shape.of(100_000, 100_000, 1).rows());
  }

  @Test
  void impossibleExtentsAreRefused() {
    assertEquals(
        "a shape needs extents ≥ 0, got [2, -1]",
        assertThrows(IllegalArgumentException.class, () -> Shape.of(2, -1)).getMessage());
    assertThrows(IllegalArgumentException.class, () -> new Shape(List.of()));
  }

  @Test
  void shapesWithTheSameExtentsAreEqual() {
    assertEquals(Shape.of(2, 3), new Shape(List.of(2, 3)));
  }
}
