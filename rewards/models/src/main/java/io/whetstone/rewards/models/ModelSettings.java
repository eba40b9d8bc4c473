package io.whetstone.rewards.models;

import io.whetstone.datasets.settings.Default;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The settings of the reward {@code model}.
 *
 * @param name the name of a reward-model stage of the same run; this or {@code path}
 * @param path a directory for sequence classification with one label, or another run's {@code
 *     reward-models/NAME}
 * @param output what its number becomes
 * @param aggregate how a process reward model's steps become the completion's value
 * @param watch measures during the policy stage whether it still tells right from wrong; left out:
 *     not measured
 */
public record ModelSettings(
    Optional<String> name,
    Optional<Path> path,
    @Default(value = "\"auto\"", source = "a chance where the model gives one") Output output,
    @Default(value = "\"min\"", source = "Math-Shepherd, Wang et al. 2024, §3.4")
        Aggregation aggregate,
    Optional<Watch> watch) {

  /** What a reward model's number becomes. */
  public enum Output {
    /** The chance of being right where the model gives one, else the number. */
    AUTO,
    /** The number as it is: a logit, or a preference's score. */
    RAW,
    /** The chance. */
    PROBABILITY
  }

  /**
   * How a policy stage looks after its reward model: completions of held-out tasks are drawn and
   * verified by rules.
   *
   * @param every steps between measurements; the stage's last step is always measured
   * @param tasks held-out tasks drawn for
   * @param samples completions a task
   * @param leastAuc an AUC below it is an alarm
   */
  public record Watch(
      @Default(value = "25", source = "a few times a stage") int every,
      @Default(value = "32", source = "with 8 samples an AUC within about 0.04") int tasks,
      @Default(value = "8", source = "as a group") int samples,
      @Default(value = "0.6", source = "0.5 is guessing") double leastAuc) {
    public Watch {
      require("every", every >= 1, every);
      require("tasks", tasks >= 1, tasks);
      require("samples", samples >= 1, samples);
      if (!(leastAuc >= 0 && leastAuc <= 1)) {
        throw new IllegalArgumentException("least-auc: " + leastAuc + " is not in [0, 1]");
      }
    }

    private static void require(String key, boolean holds, int value) {
      if (!holds) {
        throw new IllegalArgumentException(key + ": " + value + " is not 1 or more");
      }
    }
  }

  public ModelSettings {
    if (name.isPresent() == path.isPresent()) {
      throw new IllegalArgumentException(
          (name.isPresent() ? "both" : "none") + " of name and path given; expected one");
    }
  }
}
