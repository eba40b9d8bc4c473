package io.whetstone.trainer.command;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class DrawingProgressTest {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final PrintStream err = new PrintStream(bytes, true, StandardCharsets.UTF_8);
  private Instant now = Instant.parse("2026-01-01T12:00:00Z");

  private DrawingProgress progress() {
    return new DrawingProgress(Console.plain(err, err), "eval", () -> now);
  }

  @Test
  void whatIsSoonDoneIsNotShown() {
    try (DrawingProgress progress = progress()) {
      for (int done = 0; done <= 8; done++) {
        progress.passed(done, 8, 10L * done);
        now = now.plus(Duration.ofMillis(200));
      }
      now = now.plus(Duration.ofSeconds(5));
      progress.passed(8, 8, 80);
    }
    assertEquals("", bytes.toString(StandardCharsets.UTF_8));
  }

  @Test
  void whatTakesLongIsShownWithTheTimeLeft() {
    try (DrawingProgress progress = progress()) {
      for (int done = 0; done <= 8; done++) {
        progress.passed(done, 8, 10L * done);
        now = now.plus(Duration.ofSeconds(6));
      }
    }
    assertEquals(
        """
        eval 2/8  0:36 left
        eval 4/8  0:24 left
        eval 6/8  0:12 left
        eval 8/8
        """,
        bytes.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n"));
  }
}
