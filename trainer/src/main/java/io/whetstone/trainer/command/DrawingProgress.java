package io.whetstone.trainer.command;

import io.whetstone.generation.SamplingWatch;
import io.whetstone.trainer.run.Progress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;

/** Shows how far the drawing of completions has come, where it takes more than a moment. */
final class DrawingProgress implements SamplingWatch, AutoCloseable {
  private static final Duration MOMENT = Duration.ofSeconds(2);

  private final Progress progress;
  private final InstantSource clock;
  private final String verb;
  private final Instant began;
  private boolean shown;
  private int before;

  /**
   * @param verb what the completions are drawn for
   */
  DrawingProgress(Console console, String verb, InstantSource clock) {
    this.progress = Progress.on(console.err(), console.screen(), clock);
    this.clock = clock;
    this.verb = verb;
    this.began = clock.instant();
  }

  @Override
  public void passed(int done, int all, long tokens) {
    if (!shown && (done == all || Duration.between(began, clock.instant()).compareTo(MOMENT) < 0)) {
      return;
    }
    if (!shown) {
      // The time left goes by what is done from here on.
      progress.stage(verb, all, done);
      shown = true;
      before = done;
    } else if (done > before) {
      progress.step(done, Map.of());
      before = done;
    } else {
      progress.drawing(done, all, tokens);
    }
  }

  @Override
  public void close() {
    progress.close();
  }
}
