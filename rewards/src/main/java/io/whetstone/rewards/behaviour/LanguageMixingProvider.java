package io.whetstone.rewards.behaviour;

import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Settings;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardProvider;
import io.whetstone.rewards.Score;
import java.util.List;
import java.util.Map;

/**
 * {@code language-mixing}: how much a thought mixes languages, whichever is its own: {@code −(1 −
 * w_max / w)} with {@code w} its words and {@code w_max} those of its most frequent language. 0 for
 * one language or no words, towards −1 the more there are. Words whose language cannot be told from
 * their script count for whichever language of that script is most frequent.
 */
public final class LanguageMixingProvider implements RewardProvider {

  /** The reward's settings. */
  public record LanguageMixingSettings(
      @Default(value = "\"thought\"", source = "DeepSeek-R1, Guo et al. 2025, §2.2.4") Part of) {}

  @Override
  public String name() {
    return "language-mixing";
  }

  @Override
  public Reward create(Map<String, Object> settings) {
    LanguageMixingSettings read = Settings.read(settings, LanguageMixingSettings.class, "");
    LanguageWords words = new LanguageWords();
    return new TextReward(read.of(), (task, candidate, text) -> score(words.of(text)));
  }

  private static Score score(List<Language> words) {
    if (words.isEmpty()) {
      return Score.scored(0);
    }
    long most =
        words.stream()
            .distinct()
            .mapToLong(kind -> words.stream().filter(word -> isLike(word, kind)).count())
            .max()
            .orElseThrow();
    double mixed = 1 - (double) most / words.size();
    return Score.scored(mixed == 0 ? 0 : -mixed).withNote("words", LanguageProvider.counts(words));
  }

  private static boolean isLike(Language word, Language kind) {
    return kind.code().map(word::isIn).orElseGet(() -> word.equals(kind));
  }
}
