package io.whetstone.trainer.run;

import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;

/** A line every ten seconds, at most, and one for a stage's first and last step: for logs. */
final class PlainProgress implements Progress {
  private static final Duration PAUSE = Duration.ofSeconds(10);

  private final PrintStream err;
  private final InstantSource clock;
  private String stage = "";
  private int steps;
  private int doneBefore;
  private Instant began = Instant.EPOCH;
  private Instant last = Instant.EPOCH;

  PlainProgress(PrintStream err, InstantSource clock) {
    this.err = err;
    this.clock = clock;
  }

  @Override
  public void stage(String name, int steps, int done) {
    this.stage = name;
    this.steps = steps;
    this.doneBefore = done;
    this.began = clock.instant();
    this.last = Instant.EPOCH;
  }

  @Override
  public void step(int done, Map<String, Double> metrics) {
    Instant now = clock.instant();
    if (done < steps && Duration.between(last, now).compareTo(PAUSE) < 0) {
      return;
    }
    last = now;
    String left = done < steps ? "  " + timeLeft(done, now) + " left" : "";
    err.println("%s %d/%d  %s%s".formatted(stage, done, steps, ProgressWords.of(metrics), left));
  }

  private String timeLeft(int done, Instant now) {
    return ProgressLine.clock(
        Duration.between(began, now), (double) (steps - done) / (done - doneBefore));
  }

  @Override
  public void doing(String what) {
    err.println(stage.isEmpty() ? what : stage + ": " + what);
  }

  @Override
  public void say(String line) {
    err.println(line);
  }

  @Override
  public void close() {
    err.flush();
  }
}
