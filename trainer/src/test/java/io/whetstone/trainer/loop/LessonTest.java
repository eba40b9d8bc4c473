package io.whetstone.trainer.loop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.whetstone.generation.Completion;
import io.whetstone.generation.StopReason;
import io.whetstone.trainer.rollout.TrainingSample;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What was put into a completion that is kept is read, not learned. */
class LessonTest {
  private static final Completion PARTLY_FORCED =
      new Completion(
          new int[] {5, 6, 7},
          new float[3],
          new boolean[] {false, true, false},
          "567",
          StopReason.END_OF_SEQUENCE,
          0);

  @Test
  void forcedIdsAreNotTrainedOn() {
    TrainingSample sample = Lesson.drawn("t", new int[] {1}, PARTLY_FORCED).sample(0, 4);
    assertArrayEquals(new int[] {5, 6, 7}, sample.ids());
    assertArrayEquals(new boolean[] {true, false, true}, sample.trained());
    assertArrayEquals(new float[] {1, 0, 1}, sample.advantages());
    assertEquals(4, sample.group());
  }

  @Test
  void aCheckpointKeepsTheMarks(@TempDir Path directory) throws IOException {
    Lesson.write(
        directory,
        List.of(
            Lesson.drawn("a", new int[] {1}, PARTLY_FORCED, PARTLY_FORCED).with(-1.5, -2),
            Lesson.whole("b", new int[] {2}, List.of(new int[] {3, 4}))));
    List<Lesson> read = Lesson.read(directory);
    assertArrayEquals(new boolean[] {false, true, false}, read.get(0).forced().get(1));
    assertArrayEquals(new double[] {-1.5, -2}, read.get(0).references());
    assertArrayEquals(new boolean[2], read.get(1).forced().getFirst());
    assertArrayEquals(new boolean[] {true, true}, read.get(1).sample(0, 0).trained());
  }

  @Test
  void everyIdHasAMark() {
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new Lesson(
                "t", new int[] {1}, List.of(new int[2]), List.of(new boolean[1]), new double[0]));
  }
}
