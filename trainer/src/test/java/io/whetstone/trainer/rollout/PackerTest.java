package io.whetstone.trainer.rollout;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PackerTest {
  private static TrainingSample sample(int[] prompt, int group, int... ids) {
    boolean[] trained = new boolean[ids.length];
    Arrays.fill(trained, true);
    return new TrainingSample(prompt, ids, new float[0], trained, new float[ids.length], group);
  }

  @Test
  void aGroupSharesItsPrompt() {
    int[] prompt = {1, 2, 3};
    List<MicroBatch> batches =
        new Packer(100).pack(List.of(sample(prompt, 0, 4, 5), sample(prompt, 0, 6, 7, 8)));
    assertEquals(1, batches.size());
    MicroBatch batch = batches.getFirst();
    assertArrayEquals(new int[] {1, 2, 3, 4, 6, 7}, batch.tokens().ids());
    assertArrayEquals(new int[] {0, 1, 2, 3, 3, 4}, batch.tokens().positions());
    assertArrayEquals(new int[] {0, 3, 4}, batch.tokens().segments().start());
    assertArrayEquals(new int[] {0, 3, 3}, batch.tokens().segments().prefixEnd());
    assertArrayEquals(new int[] {2, 3, 2, 4, 5}, batch.rows());
    assertArrayEquals(new int[] {4, 5, 6, 7, 8}, batch.targets());
    assertArrayEquals(new int[] {0, 0, 1, 1, 1}, batch.sample());
    assertArrayEquals(new int[] {0, 1, 0, 1, 2}, batch.position());
  }

  @Test
  void aPromptWithOneCompletionIsOneSegmentWithIt() {
    MicroBatch batch =
        new Packer(100)
            .pack(
                List.of(
                    sample(new int[] {1, 2}, 0, 4, 5, 6),
                    sample(new int[] {3}, 1, 7, 8),
                    sample(new int[] {9, 9}, 2, 7)))
            .getFirst();
    assertArrayEquals(new int[] {1, 2, 4, 5, 3, 7, 9, 9}, batch.tokens().ids());
    assertArrayEquals(new int[] {0, 1, 2, 3, 0, 1, 0, 1}, batch.tokens().positions());
    assertArrayEquals(new int[] {0, 4, 6}, batch.tokens().segments().start());
    assertArrayEquals(new int[] {4, 6, 8}, batch.tokens().segments().end());
    for (int s = 0; s < 3; s++) {
      assertEquals(0, batch.tokens().segments().prefixLength(s));
    }
    assertArrayEquals(new int[] {1, 2, 3, 4, 5, 7}, batch.rows());
  }

  @Test
  void aOneTokenCompletionTakesNoRow() {
    int[] prompt = {1, 2};
    MicroBatch batch =
        new Packer(100).pack(List.of(sample(prompt, 0, 9), sample(prompt, 0, 8))).getFirst();
    assertEquals(2, batch.tokens().rows());
    assertArrayEquals(new int[] {1, 1}, batch.rows());
    assertArrayEquals(new int[] {9, 8}, batch.targets());
  }

  @Test
  void tokensOfAnEnvironmentAreReadButNotTrainedOn() {
    TrainingSample mixed =
        new TrainingSample(
            new int[] {1},
            new int[] {4, 5, 6},
            new float[0],
            new boolean[] {true, false, true},
            new float[3],
            0);
    MicroBatch batch = new Packer(100).pack(List.of(mixed)).getFirst();
    assertArrayEquals(new int[] {1, 4, 5}, batch.tokens().ids());
    assertArrayEquals(new int[] {4, 6}, batch.targets());
    assertArrayEquals(new int[] {0, 2}, batch.position());
  }

  @Test
  void nothingIsLostOrDoubledWhateverTheBudget() {
    List<TrainingSample> samples = new ArrayList<>();
    int tokens = 0;
    for (int g = 0; g < 7; g++) {
      int[] prompt = new int[3 + g];
      for (int s = 0; s < 4; s++) {
        int length = 1 + (g * 5 + s * 3) % 17;
        samples.add(sample(prompt, g, new int[length]));
        tokens += length;
      }
    }
    for (int budget : new int[] {1, 10, 23, 64, 10_000}) {
      Set<List<Integer>> seen = new HashSet<>();
      for (MicroBatch batch : new Packer(budget).pack(samples)) {
        for (int i = 0; i < batch.size(); i++) {
          assertTrue(seen.add(List.of(batch.sample()[i], batch.position()[i])));
        }
        long in = Arrays.stream(batch.sample()).distinct().count();
        assertTrue(batch.tokens().rows() <= budget || in == 1, "over budget with several samples");
      }
      assertEquals(tokens, seen.size());
    }
  }
}
