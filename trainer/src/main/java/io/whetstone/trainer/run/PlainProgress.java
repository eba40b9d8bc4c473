package io.whetstone.trainer.run;

import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;

/**
 * A line every ten seconds, at most, and one for a stage's first and last step: for logs. Where a
 * step takes long, one every half minute says what it has drawn.
 */
final class PlainProgress implements Progress {
  private static final Duration PAUSE = Duration.ofSeconds(10);
  private static final Duration SILENCE = Duration.ofSeconds(30);

  private final PrintStream err;
  private final InstantSource clock;
  private String stage = "";
  private int steps;
  private int doneBefore;
  private int doneNow;
  private Instant began = Instant.EPOCH;
  private Instant last = Instant.EPOCH;
  private Instant heard;

  PlainProgress(PrintStream err, InstantSource clock) {
    this.err = err;
    this.clock = clock;
    this.heard = clock.instant();
  }

  @Override
  public void stage(String name, int steps, int done) {
    this.stage = name;
    this.steps = steps;
    this.doneBefore = done;
    this.doneNow = done;
    this.began = clock.instant();
    this.heard = began;
    this.last = Instant.EPOCH;
  }

  @Override
  public void step(int done, Map<String, Double> metrics) {
    Instant now = clock.instant();
    doneNow = done;
    if (done < steps && Duration.between(last, now).compareTo(PAUSE) < 0) {
      return;
    }
    last = now;
    heard = now;
    String left = done < steps ? "  " + timeLeft(done, now) + " left" : "";
    String words = ProgressWords.of(metrics);
    err.println(
        "%s %d/%d%s%s".formatted(stage, done, steps, words.isEmpty() ? "" : "  " + words, left));
  }

  private String timeLeft(int done, Instant now) {
    return ProgressLine.clock(
        Duration.between(began, now), (double) (steps - done) / (done - doneBefore));
  }

  @Override
  public void doing(String what) {
    say(stage.isEmpty() ? what : stage + ": " + what);
  }

  @Override
  public void drawing(int done, int all, long tokens) {
    if (Duration.between(heard, clock.instant()).compareTo(SILENCE) >= 0) {
      say(
          "%s %d/%d  %s"
              .formatted(stage, doneNow, steps, ProgressWords.drawing(done, all, tokens)));
    }
  }

  @Override
  public void say(String line) {
    heard = clock.instant();
    err.println(line);
  }

  @Override
  public void close() {
    err.flush();
  }
}
