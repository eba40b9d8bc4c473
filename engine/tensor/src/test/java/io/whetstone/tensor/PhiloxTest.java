package io.whetstone.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class PhiloxTest {
  /** The known answers published with the algorithm. */
  @Test
  void knownAnswers() {
    assertArrayEquals(
        new int[] {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}, Philox.block(0, 0, 0, 0, 0, 0));
    assertArrayEquals(
        new int[] {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
        Philox.block(-1, -1, -1, -1, -1, -1));
    assertArrayEquals(
        new int[] {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
        Philox.block(0xa4093822, 0x299f31d0, 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344));
  }

  @Test
  void permutationHoldsEveryIndexOnce() {
    int[] order = Philox.permutation(7, 1000);
    int[] sorted = order.clone();
    Arrays.sort(sorted);
    for (int i = 0; i < sorted.length; i++) {
      assertEquals(i, sorted[i]);
    }
    assertNotEquals(Arrays.toString(order), Arrays.toString(Philox.permutation(8, 1000)));
  }

  @Test
  void uniformAndNormalHaveTheirMoments() {
    int n = 100_000;
    double sum = 0;
    double normal = 0;
    double square = 0;
    for (int i = 0; i < n; i++) {
      sum += Philox.uniform(3, i);
      double x = Philox.normal(3, i);
      normal += x;
      square += x * x;
    }
    assertEquals(0.5, sum / n, 0.005);
    assertEquals(0, normal / n, 0.02);
    assertEquals(1, square / n, 0.02);
  }
}
