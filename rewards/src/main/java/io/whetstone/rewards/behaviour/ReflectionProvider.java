package io.whetstone.rewards.behaviour;

import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Settings;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardProvider;
import io.whetstone.rewards.Score;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * {@code reflection}: how often a thought stops to look back: {@code min(count, most)} with the
 * count of the words, whole and in any case. Meant to be recorded (weight 0); as a reward it
 * invites the word without the thought, which is why it is bounded.
 */
public final class ReflectionProvider implements RewardProvider {

  /**
   * The reward's settings.
   *
   * @param words or phrases that are counted
   * @param most beyond this, more count no more
   */
  public record ReflectionSettings(
      @Default(
              value =
                  "[\"wait\", \"hmm\", \"recheck\", \"double-check\", \"let me check\","
                      + " \"let me verify\", \"alternatively\", \"retry\", \"on second thought\"]",
              source = "s1, Muennighoff et al. 2025 (Wait); Yeo et al. 2025, §6 (the others)")
          List<String> words,
      @Default(value = "10", source = "a bound against empty repetition") int most,
      @Default(value = "\"thought\"", source = "an answer is no place to doubt") Part of) {

    public ReflectionSettings {
      if (words.isEmpty() || words.stream().anyMatch(String::isBlank)) {
        throw new IllegalArgumentException("words: " + words + " is not a list of words");
      }
      if (most < 1) {
        throw new IllegalArgumentException("most: " + most + " is not 1 or more");
      }
    }
  }

  @Override
  public String name() {
    return "reflection";
  }

  @Override
  public Reward create(Map<String, Object> settings) {
    ReflectionSettings read = Settings.read(settings, ReflectionSettings.class, "");
    Pattern pattern =
        Pattern.compile(
            read.words().stream()
                .map(word -> Pattern.quote(word.strip()))
                .collect(Collectors.joining("|", "(?<![\\p{L}\\p{N}])(?:", ")(?![\\p{L}\\p{N}])")),
            Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE);
    return new TextReward(read.of(), (task, candidate, text) -> score(pattern, text, read.most()));
  }

  private static Score score(Pattern pattern, String text, int most) {
    Map<String, Integer> found = new LinkedHashMap<>();
    Matcher matcher = pattern.matcher(text);
    int count = 0;
    while (matcher.find()) {
      count++;
      found.merge(matcher.group().toLowerCase(Locale.ROOT), 1, Integer::sum);
    }
    Score score = Score.scored(Math.min(count, most));
    return count == 0 ? score : score.withNote("words", found.toString());
  }
}
