package io.whetstone.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class TensorTest {
  private static Tensor counting(int... extents) {
    float[] values = new float[Math.toIntExact(Shape.of(extents).size())];
    for (int i = 0; i < values.length; i++) {
      values[i] = i;
    }
    return new Tensor(DType.F32, Shape.of(extents), MemorySegment.ofArray(values));
  }

  @Test
  void memoryMustFitTheShape() {
    MemorySegment memory = MemorySegment.ofArray(new byte[24]);
    assertEquals(12, new Tensor(DType.BF16, Shape.of(3, 4), memory).size());
    assertEquals(
        "a F32 tensor [3 × 4] takes 48 bytes, not 24",
        assertThrows(
                IllegalArgumentException.class, () -> new Tensor(DType.F32, Shape.of(3, 4), memory))
            .getMessage());
  }

  @Test
  void rowsAreAViewOfTheSameMemory() {
    Tensor tensor = counting(2, 3, 5);
    Tensor rows = tensor.rows(2, 4);
    assertEquals(Shape.of(2, 5), rows.shape());
    assertEquals(10, rows.memory().getAtIndex(ValueLayout.JAVA_FLOAT, 0));
    rows.memory().setAtIndex(ValueLayout.JAVA_FLOAT, 9, -1);
    assertEquals(-1, tensor.memory().getAtIndex(ValueLayout.JAVA_FLOAT, 19));
    assertEquals(0, tensor.rows(6, 6).size());
    for (int[] range : new int[][] {{-1, 2}, {3, 2}, {0, 7}}) {
      assertThrows(IndexOutOfBoundsException.class, () -> tensor.rows(range[0], range[1]));
    }
  }

  @Test
  void reshapingKeepsTheSize() {
    Tensor tensor = counting(2, 6);
    assertEquals(Shape.of(3, 4), tensor.reshape(3, 4).shape());
    assertThrows(IllegalArgumentException.class, () -> tensor.reshape(3, 5));
  }

  @Test
  void requireNamesWhatItRefuses() {
    Tensor tensor = counting(2, 6);
    assertSame(tensor, tensor.require("x", DType.F32, 2, 6));
    assertEquals(
        "x: expected F32 [2 × 7], got F32 [2 × 6]",
        assertThrows(IllegalArgumentException.class, () -> tensor.require("x", DType.F32, 2, 7))
            .getMessage());
    assertEquals(
        "x: expected I32 [2 × 6], got F32 [2 × 6]",
        assertThrows(IllegalArgumentException.class, () -> tensor.require("x", DType.I32, 2, 6))
            .getMessage());
    assertThrows(IllegalArgumentException.class, () -> tensor.require("x", DType.F32, 12));
  }
}
