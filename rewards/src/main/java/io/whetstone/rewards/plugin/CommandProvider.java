package io.whetstone.rewards.plugin;

import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Settings;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardProvider;
import java.time.Duration;
import java.util.Map;

/**
 * {@code command}: a program of any language, that reads and writes lines of JSON; {@code - NAME:
 * {command: [python3, my_reward.py]}}. The protocol is in docs/write-a-reward.md.
 */
public final class CommandProvider implements RewardProvider {

  /** What one line asks about. */
  public enum Per {
    CANDIDATE,
    GROUP
  }

  /**
   * The reward's settings.
   *
   * @param command the program and its arguments
   * @param per what one line asks about: a completion, or all those of a task
   * @param processes how many of it run; groups are shared out among them
   * @param lineDeadline time for the answer to one line
   * @param startDeadline further time for a process's first answer: imports, a model to load
   * @param restarts how often in a row a process may die, or answer what is no answer, before it is
   *     given up; one good answer counts it from 0 again
   */
  public record CommandSettings(
      Command command,
      @Default(value = "\"candidate\"", source = "what most rewards look at") Per per,
      @Default(value = "1", source = "a program may hold a large model") int processes,
      @Default(value = "\"5s\"", source = "half of a group's deadline") Duration lineDeadline,
      @Default(value = "\"60s\"", source = "imports of large libraries take that long")
          Duration startDeadline,
      @Default(value = "3", source = "enough to get over a chance failure") int restarts) {

    public CommandSettings {
      if (processes < 1) {
        throw new IllegalArgumentException("processes: " + processes + " is not 1 or more");
      }
      if (restarts < 0) {
        throw new IllegalArgumentException("restarts: " + restarts + " is not 0 or more");
      }
      if (lineDeadline.isZero()) {
        throw new IllegalArgumentException("line-deadline: is not more than 0");
      }
    }
  }

  @Override
  public String name() {
    return "command";
  }

  @Override
  public Reward create(Map<String, Object> settings) {
    return new CommandReward(Settings.read(settings, CommandSettings.class, ""));
  }
}
