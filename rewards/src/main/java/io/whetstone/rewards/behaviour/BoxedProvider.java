package io.whetstone.rewards.behaviour;

import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Settings;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardProvider;
import io.whetstone.rewards.Score;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.Optional;

/**
 * {@code boxed}: is there an answer in {@code \boxed{…}}? Correct where the part that is looked at
 * holds a box with something in it and every brace closed; else wrong. What the last such box holds
 * is extracted; whether it is right is for {@code math} to say.
 */
public final class BoxedProvider implements RewardProvider {

  private static final String BOX = "\\boxed";

  /** The reward's settings. */
  public record BoxedSettings(
      @Default(value = "\"response\"", source = "a box within the thought is a draft") Part of) {}

  @Override
  public String name() {
    return "boxed";
  }

  @Override
  public Reward create(Map<String, Object> settings) {
    return new TextReward(
        Settings.read(settings, BoxedSettings.class, "").of(),
        (task, candidate, text) ->
            lastBox(text)
                .map(answer -> Score.correct().withExtracted(answer))
                .orElseGet(Score::wrong));
  }

  /** One pass, so that a text of nothing but opened boxes costs no more than another. */
  private static Optional<String> lastBox(String text) {
    Deque<Integer> open = new ArrayDeque<>(); // where a box's content begins; −1 for other braces
    String last = null;
    boolean box = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (text.startsWith(BOX, i)) {
        i += BOX.length() - 1;
        box = true;
      } else if (c == '\\') {
        i++; // \{ and \} are characters
        box = false;
      } else if (c == '{') {
        open.push(box ? i + 1 : -1);
        box = false;
      } else if (c == '}' && !open.isEmpty()) {
        int start = open.pop();
        if (start >= 0 && !text.substring(start, i).isBlank()) {
          last = text.substring(start, i).strip();
        }
      } else if (!Character.isWhitespace(c)) {
        box = false;
      }
    }
    return Optional.ofNullable(last);
  }
}
