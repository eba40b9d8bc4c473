package io.whetstone.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ProgressTest {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final PrintStream err = new PrintStream(bytes, true, StandardCharsets.UTF_8);
  private Instant now = Instant.parse("2026-01-01T12:00:00Z");

  private String shown() {
    return bytes.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n");
  }

  private static Map<String, Double> grpo(double reward) {
    return Map.of(
        "reward/mean",
        reward,
        "reward/accuracy/mean",
        reward / 1.2,
        "completion/think-length-mean",
        21.4,
        "time/tokens-per-second",
        9132.0);
  }

  @Test
  void plainLinesComeNowAndThen() {
    try (Progress progress = Progress.on(err, new Terminal(false, false, 80), () -> now)) {
      progress.doing("reading the model");
      progress.stage("sft", 2, 0);
      progress.step(1, Map.of("sft/loss", 1.23456, "time/tokens-per-second", 812.3));
      progress.step(2, Map.of("sft/loss", 1.2));
      progress.stage("grpo", 1000, 500);
      for (int step = 501; step <= 1000; step++) {
        now = now.plus(Duration.ofSeconds(step <= 510 ? 3 : 0));
        progress.step(step, grpo(0.6));
      }
      progress.say("the reward is flat");
    }
    assertEquals(
        """
        reading the model
        sft 1/2  loss 1.235  812 tok/s  0:00 left
        sft 2/2  loss 1.200
        grpo 501/1000  reward 0.600  pass@1 50 %  think 21 tok  9.1k tok/s  24:57 left
        grpo 505/1000  reward 0.600  pass@1 50 %  think 21 tok  9.1k tok/s  24:45 left
        grpo 509/1000  reward 0.600  pass@1 50 %  think 21 tok  9.1k tok/s  24:33 left
        grpo 1000/1000  reward 0.600  pass@1 50 %  think 21 tok  9.1k tok/s
        the reward is flat
        """,
        shown());
    assertFalse(shown().contains("\u001b"));
  }

  @Test
  void aLongStepSaysWhatItHasDrawn() {
    try (Progress progress = Progress.on(err, new Terminal(false, false, 80), () -> now)) {
      progress.stage("grpo", 200, 4);
      for (int second = 0; second < 100; second += 10) {
        progress.drawing(second / 5, 64, 512L * second);
        now = now.plus(Duration.ofSeconds(10));
      }
      progress.step(5, Map.of("reward/mean", 0.5));
      now = now.plus(Duration.ofSeconds(20));
      progress.drawing(1, 64, 99);
    }
    assertEquals(
        """
        grpo 4/200  drawing: 6 of 64 completions, 15,360 tokens
        grpo 4/200  drawing: 12 of 64 completions, 30,720 tokens
        grpo 4/200  drawing: 18 of 64 completions, 46,080 tokens
        grpo 5/200  reward 0.500  5:25:00 left
        """,
        shown());
  }

  @Test
  void aTerminalSaysWhatIsDrawnUntilItIs() throws InterruptedException {
    try (Progress progress = Progress.on(err, new Terminal(true, false, 120), () -> now)) {
      progress.stage("grpo", 140, 0);
      progress.step(70, grpo(0.6));
      progress.drawing(3, 64, 5120);
      String drawing = "drawing: 3 of 64 completions, 5,120 tokens";
      // The line is drawn again now and then, by a thread of its own.
      for (int i = 0; i < 1000 && !shown().contains(drawing); i++) {
        Thread.sleep(10);
      }
      assertTrue(shown().contains(drawing), shown());
      progress.drawing(64, 64, 9000);
      progress.say("whole");
    }
    String line = shown().substring(shown().indexOf("whole"));
    assertTrue(line.contains("reward 0.600"), line);
    assertFalse(line.contains("drawing"), line);
  }

  @Test
  void aTerminalShowsOneLiveLine() {
    try (Progress progress = Progress.on(err, new Terminal(true, false, 120), () -> now)) {
      progress.stage("grpo", 140, 0);
      progress.step(70, grpo(0.6));
      progress.say("the reward is flat");
      progress.step(140, grpo(1.2));
    }
    String shown = shown();
    assertTrue(shown.contains("\r\u001b[Kthe reward is flat\n"), shown);
    String last = shown.substring(shown.lastIndexOf('\r'));
    assertTrue(last.contains("grpo 140/140 ######"), last);
    assertTrue(last.contains("reward 1.200  pass@1 100 %"), last);
    assertTrue(last.endsWith("\n"), "what comes next has its own line");
    assertFalse(shown.contains("\u001b[3"), "no colour was asked for");
    for (String line : shown.split("[\r\n]")) {
      assertTrue(line.replace("\u001b[K", "").length() < 120, line);
    }
  }

  @Test
  void aNarrowTerminalKeepsTheFigures() {
    try (Progress progress = Progress.on(err, new Terminal(true, true, 79), () -> now)) {
      progress.stage("grpo", 140, 0);
      progress.step(70, grpo(0.6));
      progress.say("");
    }
    String line = "grpo 70/140  reward 0.600  pass@1 50 %  think 21 tok  9.1k tok/s  0:00 left";
    assertTrue(shown().contains("\r\u001b[K" + line), shown());
  }

  @Test
  void noColorAndDumbTerminalsAreHeard() {
    Terminal terminal = Terminal.standardError(Map.of("TERM", "dumb", "COLUMNS", "200"));
    assertEquals(new Terminal(false, false, 80), terminal);
    assertFalse(Terminal.standardError(Map.of("NO_COLOR", "1")).colour());
  }
}
