package io.whetstone.trainer.run;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Map;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;

/**
 * One line at the screen's foot, drawn again twice a second: stage, steps, bar, the last step's
 * figures, time left in the stage. What is said appears above it.
 */
final class LiveProgress implements Progress {
  private static final String CLEAR_LINE = "\r\u001b[K";
  private static final int INTERVAL_MILLIS = 500;

  private final PrintStream err;
  private final Terminal terminal;
  private ProgressBar bar;
  private String figures = "";

  LiveProgress(PrintStream err, Terminal terminal) {
    this.err = err;
    this.terminal = terminal;
  }

  @Override
  public void stage(String name, int steps, int done) {
    finish();
    figures = "";
    bar =
        ProgressBar.builder()
            .setTaskName(name)
            .setInitialMax(steps)
            .startsFrom(done, Duration.ZERO)
            .setUpdateIntervalMillis(INTERVAL_MILLIS)
            // Else it is drawn again only where steps have been made, whatever else is said.
            .continuousUpdate()
            .setRenderer(new ProgressLine(terminal.colour()))
            .setConsumer(new DelegatingProgressBarConsumer(this::draw, terminal.columns() - 1))
            .build();
  }

  @Override
  public void step(int done, Map<String, Double> metrics) {
    figures = "  " + ProgressWords.of(metrics);
    if (bar != null) {
      bar.stepTo(done);
      bar.setExtraMessage(figures);
    }
  }

  @Override
  public void doing(String what) {
    if (bar == null) {
      say(what);
    } else {
      bar.setExtraMessage("  " + what);
    }
  }

  @Override
  public void drawing(int done, int all, long tokens) {
    if (bar != null) {
      bar.setExtraMessage(done == all ? figures : "  " + ProgressWords.drawing(done, all, tokens));
    }
  }

  @Override
  public void say(String line) {
    synchronized (err) {
      err.print(CLEAR_LINE);
      err.println(line);
      err.flush();
    }
    if (bar != null) {
      bar.refresh();
    }
  }

  private void draw(String line) {
    synchronized (err) {
      err.print(CLEAR_LINE + line);
      err.flush();
    }
  }

  /** The stage's last line stays on the screen. */
  private void finish() {
    if (bar != null) {
      bar.setExtraMessage(figures);
      bar.close();
      bar = null;
      err.println();
    }
  }

  @Override
  public void close() {
    finish();
  }
}
