package io.whetstone.rewards.behaviour;

import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Settings;
import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardProvider;
import io.whetstone.rewards.Score;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * {@code repetition}: how much a completion repeats itself, {@code penalty × (1 − u / t)} with
 * {@code t} its n-grams and {@code u} the different ones among them; 0 where it is shorter than one
 * n-gram. After Yeo et al. 2025 (Demystifying Long Chain-of-Thought), as open-r1 computes it.
 */
public final class RepetitionProvider implements RewardProvider {

  /** What an n-gram is made of. */
  public enum Unit {
    /** What stands between white space, in lower case. */
    WORDS,
    /** Characters other than white space, for languages that are written without it. */
    CHARACTERS,
    /** The completion's tokens; words where only text is known. */
    TOKENS
  }

  /**
   * The reward's settings.
   *
   * @param ngram units an n-gram has
   * @param penalty what a completion that only repeats itself approaches; 0 or less
   */
  public record RepetitionSettings(
      @Default(value = "3", source = "open-r1, repetition_n_grams") int ngram,
      @Default(value = "-1", source = "open-r1, repetition_max_penalty") double penalty,
      @Default(value = "\"words\"", source = "open-r1, repetition_penalty_reward") Unit unit,
      @Default(value = "\"completion\"", source = "open-r1, repetition_penalty_reward") Part of) {

    public RepetitionSettings {
      if (ngram < 1) {
        throw new IllegalArgumentException("ngram: " + ngram + " is not 1 or more");
      }
      if (!(penalty <= 0 && penalty > Double.NEGATIVE_INFINITY)) {
        throw new IllegalArgumentException("penalty: " + penalty + " is not 0 or less");
      }
      if (unit == Unit.TOKENS && of != Part.COMPLETION) {
        throw new IllegalArgumentException(
            "unit: tokens are those of the whole completion; expected of: completion");
      }
    }
  }

  @Override
  public String name() {
    return "repetition";
  }

  @Override
  public Reward create(Map<String, Object> settings) {
    RepetitionSettings read = Settings.read(settings, RepetitionSettings.class, "");
    return new TextReward(
        read.of(),
        (task, candidate, text) -> {
          double repeated = repeated(units(read.unit(), candidate, text), read.ngram());
          return Score.scored(repeated == 0 ? 0 : read.penalty() * repeated);
        });
  }

  private static List<?> units(Unit unit, Candidate candidate, String text) {
    int[] ids = unit == Unit.TOKENS ? candidate.ids() : new int[0];
    if (ids.length > 0) {
      return Arrays.stream(ids).boxed().toList();
    }
    if (unit == Unit.CHARACTERS) {
      return text.codePoints().filter(c -> !Character.isWhitespace(c)).boxed().toList();
    }
    String stripped = text.toLowerCase(Locale.ROOT).strip();
    return stripped.isEmpty() ? List.of() : List.of(stripped.split("\\s+"));
  }

  /** 1 − different / all. */
  private static double repeated(List<?> units, int n) {
    int all = units.size() - n + 1;
    if (all < 1) {
      return 0;
    }
    Set<List<?>> different = new HashSet<>();
    for (int i = 0; i < all; i++) {
      different.add(units.subList(i, i + n));
    }
    return 1 - (double) different.size() / all;
  }
}
