package io.whetstone.rewards.models;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StepsTest {
  private static List<String> split(StepRule rule, String text) {
    return rule.split(text).stream().map(s -> text.substring(s.from(), s.to())).toList();
  }

  @Test
  void stepsCoverTheText() {
    StepRule synthetic = new StepRule(";|</think>", "");
    assertEquals(
        List.of("<think>1+2=3;", "3+4=7</think>", "<answer>7</answer>"),
        split(synthetic, "<think>1+2=3;3+4=7</think><answer>7</answer>"));
    assertEquals(List.of("a\n\n", "b"), split(StepRule.LINES, "a\n\nb"));
    assertEquals(List.of("\n a\n", "b\n"), split(StepRule.LINES, "\n a\nb\n"));
    assertEquals(
        List.of("Well. ", "Step 1: x ", "Step 2: y"),
        split(new StepRule("", "Step \\d+"), "Well. Step 1: x Step 2: y"));
    assertEquals(List.of(), split(StepRule.LINES, " \n"));
    assertThrows(IllegalArgumentException.class, () -> new StepRule("(", ""));
    assertThrows(IllegalArgumentException.class, () -> new StepRule("", ""));
  }

  @Test
  void aggregates() {
    double[] steps = {0.5, 0.25, 0.75};
    assertEquals(0.25, Aggregation.MIN.of(steps));
    assertEquals(0.09375, Aggregation.PRODUCT.of(steps));
    assertEquals(0.75, Aggregation.LAST.of(steps));
    assertEquals(0.5, Aggregation.MEAN.of(steps));
    assertEquals(1.5, Aggregation.SUM.of(steps));
    assertThrows(IllegalArgumentException.class, () -> Aggregation.MIN.of(new double[0]));
  }

  private record Report(
      double[] chances, boolean[] truth, double auc, double accuracy, double brier, double ece) {}

  /** By their definitions, over all pairs and with NumPy: make_report_golden.py. */
  @Test
  void reportsAreThoseOfAnIndependentComputation() throws IOException {
    Report[] all =
        new ObjectMapper()
            .readValue(StepsTest.class.getResourceAsStream("report.json"), Report[].class);
    for (Report expected : all) {
      BinaryReport report = BinaryReport.of(expected.chances, expected.truth, true);
      assertEquals(expected.auc, report.auc(), 1e-12);
      assertEquals(expected.accuracy, report.accuracy(), 1e-12);
      assertEquals(expected.brier, report.brier(), 1e-12);
      assertEquals(expected.ece, report.ece(), 1e-12);
    }
    assertEquals(3, all.length);
  }

  @Test
  void reportsSeparationAndCalibration() {
    // By hand: of the six pairs of a right and a wrong one, 4 are in order and one is tied.
    BinaryReport report =
        BinaryReport.of(
            new double[] {0.9, 0.4, 0.4, 0.1, 0.6},
            new boolean[] {true, true, false, false, false},
            true);
    assertEquals(4.5 / 6, report.auc(), 1e-12);
    assertEquals(3.0 / 5, report.accuracy(), 1e-12);
    assertEquals((0.01 + 0.36 + 0.16 + 0.01 + 0.36) / 5, report.brier(), 1e-12);
    assertEquals((0.1 + 2 * 0.1 + 0.1 + 0.6) / 5, report.ece(), 1e-12);
    assertTrue(Double.isNaN(BinaryReport.of(new double[] {1, 2}, new boolean[2], false).auc()));
  }

  @Test
  void readsMathShepherd(@TempDir Path directory) throws IOException {
    Path file = directory.resolve("shepherd.jsonl");
    Files.writeString(
        file,
        "{\"input\":\"What is 1+2+3? Step 1: 1+2=3 ки\\nStep 2: 3+3=7. The answer is: 7 ки\","
            + "\"label\":\"What is 1+2+3? Step 1: 1+2=3 +\\nStep 2: 3+3=7. The answer is: 7 -\","
            + "\"task\":\"GSM8K\"}\n");
    StepLabels read = StepLabels.read(file, StepLabels.Format.MATH_SHEPHERD).getFirst();
    assertEquals("What is 1+2+3?", read.prompt());
    assertEquals(List.of("Step 1: 1+2=3\n", "Step 2: 3+3=7. The answer is: 7\n"), read.steps());
    assertArrayEquals(new double[] {1, 0}, read.labels());
  }

  @Test
  void readsPrm800k(@TempDir Path directory) throws IOException {
    Path file = directory.resolve("prm.jsonl");
    Files.writeString(
        file,
        "{\"question\":{\"problem\":\"P\"},\"label\":{\"steps\":["
            + "{\"completions\":[{\"text\":\"a\",\"rating\":1},{\"text\":\"b\",\"rating\":-1}],"
            + "\"human_completion\":null,\"chosen_completion\":0},"
            + "{\"completions\":[{\"text\":\"c\",\"rating\":0}],"
            + "\"human_completion\":null,\"chosen_completion\":null}],"
            + "\"finish_reason\":\"solution\"}}\n");
    List<StepLabels> read = StepLabels.read(file, StepLabels.Format.PRM800K);
    assertEquals(2, read.size());
    assertEquals(List.of("b\n"), read.get(0).steps());
    assertArrayEquals(new double[] {0}, read.get(0).labels());
    assertEquals(List.of("a\n", "c\n"), read.get(1).steps());
    assertArrayEquals(new double[] {1, 1}, read.get(1).labels());
  }

  @Test
  void saysWhichLineIsNoStepLabel(@TempDir Path directory) throws IOException {
    Path file = directory.resolve("bad.jsonl");
    Files.writeString(file, "{\"input\":\"Q Step 1: a ки\",\"label\":\"Q Step 1: a ?\"}\n");
    IllegalArgumentException bad =
        assertThrows(
            IllegalArgumentException.class,
            () -> StepLabels.read(file, StepLabels.Format.MATH_SHEPHERD));
    assertTrue(bad.getMessage().startsWith("bad.jsonl:1: label"), bad.getMessage());
  }
}
