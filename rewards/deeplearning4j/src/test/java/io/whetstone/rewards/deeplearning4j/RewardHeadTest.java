package io.whetstone.rewards.deeplearning4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.rewards.models.BinaryReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.factory.Nd4j;

class RewardHeadTest {
  private static final TextFeatures TEXT = new TextFeatures(32, 2);
  private static final HeadSettings SETTINGS =
      new HeadSettings(List.of(16), 5e-3, 1e-4, 32, 60, 5, 7);

  @TempDir Path directory;

  /** On arrays this small, threads do little but wait for one another. */
  @BeforeAll
  static void computeWithOneThread() {
    Nd4j.getEnvironment().setMaxThreads(1);
    Nd4j.factory().blas().setMaxThreads(1);
  }

  /** Completions that are right more often the more sums they show: 10, 40, 70 and 95 %. */
  private static List<HeadExample> completions(int count, long seed) {
    Random random = new Random(seed);
    double[] chance = {0.1, 0.4, 0.7, 0.95};
    List<HeadExample> examples = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int steps = random.nextInt(chance.length);
      StringBuilder text = new StringBuilder("<think>");
      int sum = random.nextInt(1, 100);
      for (int s = 0; s < steps; s++) {
        int next = random.nextInt(1, 100);
        text.append(s == 0 ? "" : ";").append(sum).append('+').append(next).append('=');
        sum += next;
        text.append(sum);
      }
      text.append("</think><answer>").append(sum).append("</answer>");
      examples.add(
          new HeadExample(TEXT.of(text.toString()), random.nextDouble() < chance[steps] ? 1 : 0));
    }
    return examples;
  }

  private static List<float[]> features(List<HeadExample> examples) {
    return examples.stream().map(HeadExample::features).toList();
  }

  @Test
  void learnsWhatTheTextTells() {
    HeadTrainer.Trained trained =
        new HeadTrainer(SETTINGS).train(completions(600, 1), completions(200, 2));
    HeadReport report = HeadReport.of(trained.head(), completions(1000, 3));
    // The best possible: accuracy 0.79 (the likelier side of each chance), AUC 0.85.
    assertTrue(report.accuracy() > 0.74, report.toString());
    assertTrue(report.auc() > 0.80, report.toString());
    assertTrue(report.calibrationError() < 0.1, report.toString());
    assertTrue(trained.bestEpoch() < trained.epochs(), trained.toString());
    assertTrue(trained.loss() > 0.3 && trained.loss() < 0.6, trained.toString());
  }

  /** Two implementations of one thing: deeplearning4j's evaluation and our own. */
  @Test
  void itsReportIsOurs() {
    RewardHead head =
        new HeadTrainer(SETTINGS).train(completions(200, 1), completions(100, 2)).head();
    List<HeadExample> asked = completions(400, 3);
    HeadReport report = HeadReport.of(head, asked);
    boolean[] truth = new boolean[asked.size()];
    for (int i = 0; i < truth.length; i++) {
      truth[i] = asked.get(i).label() == 1;
    }
    BinaryReport ours = BinaryReport.of(head.score(features(asked)), truth, true);
    // deeplearning4j's AUC differs in the fifth digit.
    assertEquals(ours.auc(), report.auc(), 1e-3);
    assertEquals(ours.accuracy(), report.accuracy(), 1e-9);
    assertEquals(ours.ece(), report.calibrationError(), 1e-5);
  }

  @Test
  void stopsWhereTheHeldOutLossNoLongerFalls() {
    HeadSettings patient = new HeadSettings(List.of(64), 1e-2, 0, 16, 500, 3, 1);
    HeadTrainer.Trained trained =
        new HeadTrainer(patient).train(completions(100, 1), completions(100, 2));
    assertTrue(trained.epochs() < 100, trained.toString());
  }

  @Test
  void theSameSeedGivesTheSameScoresAndAnotherOthers() {
    List<float[]> asked = features(completions(50, 4));
    double[] first = scores(SETTINGS, asked);
    assertArrayEquals(first, scores(SETTINGS, asked));
    HeadSettings other = new HeadSettings(List.of(16), 5e-3, 1e-4, 32, 60, 5, 8);
    assertTrue(first[0] != scores(other, asked)[0]);
  }

  private static double[] scores(HeadSettings settings, List<float[]> asked) {
    return new HeadTrainer(settings)
        .train(completions(200, 1), completions(100, 2))
        .head()
        .score(asked);
  }

  @Test
  void aSavedHeadScoresAsBefore() throws IOException {
    RewardHead head =
        new HeadTrainer(SETTINGS).train(completions(200, 1), completions(100, 2)).head();
    List<float[]> asked = features(completions(50, 4));
    Path file = directory.resolve("head.zip");
    head.save(file);
    RewardHead loaded = RewardHead.load(file);
    assertEquals(TEXT.size(), loaded.size());
    assertArrayEquals(head.score(asked), loaded.score(asked));
    assertEquals(0, loaded.score(List.of()).length);
  }

  /** A hidden state is any float array: here one that a line separates. */
  @Test
  void withoutHiddenLayersItIsLogisticRegression() {
    Random random = new Random(5);
    List<HeadExample> states = new ArrayList<>();
    for (int i = 0; i < 500; i++) {
      float[] state = new float[8];
      for (int f = 0; f < state.length; f++) {
        state[f] = (float) random.nextGaussian();
      }
      states.add(new HeadExample(state, state[0] - 2 * state[3] > 0.5 ? 1 : 0));
    }
    HeadSettings linear = new HeadSettings(List.of(), 5e-2, 0, 32, 60, 5, 0);
    RewardHead head =
        new HeadTrainer(linear).train(states.subList(0, 300), states.subList(300, 400)).head();
    HeadReport report = HeadReport.of(head, states.subList(400, 500));
    assertTrue(report.auc() > 0.98, report.toString());
    assertTrue(report.accuracy() > 0.93, report.toString());
  }

  @Test
  void aFeatureThatNeverVariedDoesNotDecide() {
    List<HeadExample> examples = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      examples.add(new HeadExample(new float[] {i % 2, 3}, i % 2));
    }
    RewardHead head = new HeadTrainer(SETTINGS).train(examples, examples).head();
    double[] scores = head.score(List.of(new float[] {1, 3}, new float[] {1, 1e6f}));
    assertEquals(scores[0], scores[1]);
  }

  @Test
  void whatCannotBeIsRefused() throws IOException {
    HeadTrainer trainer = new HeadTrainer(SETTINGS);
    assertThrows(IllegalArgumentException.class, () -> trainer.train(List.of(), completions(1, 1)));
    assertThrows(IllegalArgumentException.class, () -> new HeadExample(new float[] {Float.NaN}, 1));
    assertThrows(IllegalArgumentException.class, () -> new HeadExample(new float[1], 1.5));
    RewardHead head = trainer.train(completions(20, 1), completions(20, 2)).head();
    String message =
        assertThrows(IllegalArgumentException.class, () -> head.score(List.of(new float[3])))
            .getMessage();
    assertTrue(message.contains("3 features"), message);
    Path text = Files.writeString(directory.resolve("x.zip"), "no zip");
    assertTrue(
        assertThrows(IOException.class, () -> RewardHead.load(text))
            .getMessage()
            .contains("is no reward head"));
  }
}
