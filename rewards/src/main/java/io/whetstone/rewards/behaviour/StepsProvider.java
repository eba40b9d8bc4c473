package io.whetstone.rewards.behaviour;

import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Settings;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardProvider;
import io.whetstone.rewards.Score;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * {@code steps}: does the completion go step by step? {@code min(1, s / enough)} with {@code s} the
 * number of marks of a step: {@code Step 3:}, a numbered or bulleted line, {@code First,} {@code
 * Second,} {@code Next,} {@code Finally,} and the like. Open-r1's reasoning_steps; a numbered line
 * counts wherever it stands.
 */
public final class StepsProvider implements RewardProvider {

  /**
   * The reward's settings.
   *
   * @param enough steps that earn the whole reward
   * @param pattern a regular expression (Java's) that finds the mark of one step
   */
  public record StepsSettings(
      @Default(value = "3", source = "open-r1, reasoning_steps_reward") int enough,
      @Default(
              value =
                  "\"(?m)\\\\bStep\\\\s+\\\\d+\\\\s*[:.]|^[ \\\\t]*\\\\d+[.)](?=\\\\s)"
                      + "|^[ \\\\t]*[-*•](?=\\\\s)"
                      + "|\\\\b(?:First|Second|Third|Next|Then|Finally),\"",
              source = "open-r1, reasoning_steps_reward, with lines anywhere")
          String pattern,
      @Default(value = "\"completion\"", source = "open-r1, reasoning_steps_reward") Part of) {

    public StepsSettings {
      if (enough < 1) {
        throw new IllegalArgumentException("enough: " + enough + " is not 1 or more");
      }
      compiled(pattern);
    }

    private static Pattern compiled(String pattern) {
      try {
        return Pattern.compile(pattern);
      } catch (PatternSyntaxException e) {
        throw new IllegalArgumentException(
            "pattern: " + e.getDescription() + " near index " + e.getIndex(), e);
      }
    }
  }

  @Override
  public String name() {
    return "steps";
  }

  @Override
  public Reward create(Map<String, Object> settings) {
    StepsSettings read = Settings.read(settings, StepsSettings.class, "");
    Pattern pattern = StepsSettings.compiled(read.pattern());
    return new TextReward(
        read.of(),
        (task, candidate, text) -> {
          Matcher matcher = pattern.matcher(text);
          int steps = 0;
          while (matcher.find()) {
            steps++;
          }
          return Score.scored(Math.min(1, (double) steps / read.enough()))
              .withNote("steps", Integer.toString(steps));
        });
  }
}
