package io.whetstone.trainer.run;

import java.io.PrintStream;
import java.time.InstantSource;
import java.util.Map;

/** Shows a run on the screen while it goes on. */
public interface Progress extends AutoCloseable {
  /**
   * A stage begins, or goes on.
   *
   * @param steps in all
   * @param done of them before now
   */
  void stage(String name, int steps, int done);

  /**
   * A step is done.
   *
   * @param done steps of the stage that are
   * @param metrics of the step
   */
  void step(int done, Map<String, Double> metrics);

  /** What is being done that is no step, such as {@code evaluating 512 held-out tasks}. */
  void doing(String what);

  /**
   * A step, or an evaluation, has drawn so much; told after every pass, shown now and then.
   *
   * @param done completions that have ended
   * @param all completions that are drawn
   * @param tokens of all of them so far
   */
  void drawing(int done, int all, long tokens);

  /** A line that stays. */
  void say(String line);

  @Override
  void close();

  /** One live line on a terminal; elsewhere plain lines, now and then. */
  static Progress on(PrintStream err, Terminal terminal, InstantSource clock) {
    return terminal.interactive() ? new LiveProgress(err, terminal) : new PlainProgress(err, clock);
  }
}
