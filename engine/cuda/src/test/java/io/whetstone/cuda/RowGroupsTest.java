package io.whetstone.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.whetstone.tensor.Philox;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RowGroupsTest {
  @Test
  void rowsOfATargetKeepTheirOrder() {
    RowGroups groups = new RowGroups();
    groups.group(new int[] {7, 2, 7, 7, 0, 2}, 8);
    assertEquals(3, groups.targets());
    assertArrayEquals(
        new int[] {7, 2, 0, 0, 3, 5, 6, 0, 2, 3, 1, 5, 4},
        Arrays.copyOf(groups.numbers(), groups.length()));
  }

  /** Against a map of lists, one object for sizes that grow and shrink. */
  @Test
  void groupsAreThoseOfAMap() {
    RowGroups groups = new RowGroups();
    for (int size : new int[] {1, 300, 5, 64, 1000, 999}) {
      int bound = 1 + size / 3;
      int[] rows = IntStream.range(0, size).map(i -> Philox.below(size, i, bound)).toArray();
      Map<Integer, List<Integer>> expected = new LinkedHashMap<>();
      for (int r = 0; r < size; r++) {
        expected.computeIfAbsent(rows[r], key -> new ArrayList<>()).add(r);
      }
      groups.group(rows, bound);
      int[] numbers = groups.numbers();
      Map<Integer, List<Integer>> got = new LinkedHashMap<>();
      int lists = 2 * groups.targets() + 1;
      for (int t = 0; t < groups.targets(); t++) {
        int begin = lists + numbers[groups.targets() + t];
        int end = lists + numbers[groups.targets() + t + 1];
        got.put(numbers[t], Arrays.stream(numbers, begin, end).boxed().toList());
      }
      assertEquals(expected, got, size + " rows");
    }
  }
}
