package io.whetstone.trainer.run;

import java.time.Duration;
import me.tongfei.progressbar.ProgressBarRenderer;
import me.tongfei.progressbar.ProgressState;

/**
 * The live line: {@code grpo 43/140 ██████▌░░░░ reward 0.714 pass@1 63 % think 21 tok 9.1k tok/s
 * 1:32 left}. The bar has what width is left; where too little is, it gives way, and then the end
 * of the figures.
 */
final class ProgressLine implements ProgressBarRenderer {
  private static final int LEAST_BAR = 5;
  private static final int MOST_BAR = 30;

  private final boolean drawn;

  /**
   * @param drawn with blocks in colour; otherwise plain characters
   */
  ProgressLine(boolean drawn) {
    this.drawn = drawn;
  }

  @Override
  public String render(ProgressState state, int width) {
    String head = "%s %d/%d".formatted(state.getTaskName(), state.getCurrent(), state.getMax());
    String tail = state.getExtraMessage() + left(state);
    int bar = Math.min(MOST_BAR, width - head.length() - tail.length() - 1);
    if (bar < LEAST_BAR) {
      String line = head + tail;
      return line.length() > width ? line.substring(0, width) : line;
    }
    return head + " " + bar(state.getNormalizedProgress(), bar) + tail;
  }

  private String bar(double share, int width) {
    int full = (int) Math.round(Math.clamp(share, 0, 1) * width);
    return drawn
        ? "\u001b[36m" + "█".repeat(full) + "\u001b[2m" + "░".repeat(width - full) + "\u001b[0m"
        : "#".repeat(full) + ".".repeat(width - full);
  }

  /** At the pace of this process's steps. */
  private static String left(ProgressState state) {
    long done = state.getCurrent() - state.getStart();
    long ahead = state.getMax() - state.getCurrent();
    return done <= 0 || ahead <= 0
        ? ""
        : "  " + clock(state.getElapsedAfterStart(), (double) ahead / done) + " left";
  }

  /** {@code 1:02:03} or {@code 2:03}: a duration times a factor. */
  static String clock(Duration duration, double factor) {
    long seconds = Math.round(duration.toMillis() / 1000.0 * factor);
    return seconds >= 3600
        ? "%d:%02d:%02d".formatted(seconds / 3600, seconds / 60 % 60, seconds % 60)
        : "%d:%02d".formatted(seconds / 60, seconds % 60);
  }
}
