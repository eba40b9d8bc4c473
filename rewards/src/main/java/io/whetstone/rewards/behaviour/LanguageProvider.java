package io.whetstone.rewards.behaviour;

import io.whetstone.datasets.Task;
import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Settings;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardProvider;
import io.whetstone.rewards.Score;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * {@code language}: the share of words in the target language, {@code w_target / w}, DeepSeek-R1's
 * language consistency (Guo et al. 2025, §2.3.2). A thought without words (formulas only) has 1, a
 * blank one 0.
 *
 * <p>The target is the task's field {@code language} where it has one, else the setting; {@code
 * prompt} is the language of the prompt, English where the prompt is too short to tell.
 */
public final class LanguageProvider implements RewardProvider {

  private static final String PROMPT = "prompt";

  /**
   * The reward's settings.
   *
   * @param target an ISO 639-1 code such as {@code en} or {@code zh}, or {@code prompt}
   */
  public record LanguageSettings(
      @Default(value = "\"prompt\"", source = "DeepSeek-R1: the language of the user's question")
          String target,
      @Default(value = "\"thought\"", source = "DeepSeek-R1, Guo et al. 2025, §2.3.2") Part of) {

    public LanguageSettings {
      if (!target.equals(PROMPT) && !target.matches("[a-z]{2,3}")) {
        throw new IllegalArgumentException(
            "target: \"" + target + "\" is not a code such as en or zh, nor prompt");
      }
    }
  }

  @Override
  public String name() {
    return "language";
  }

  @Override
  public Reward create(Map<String, Object> settings) {
    LanguageSettings read = Settings.read(settings, LanguageSettings.class, "");
    LanguageWords words = new LanguageWords();
    return new TextReward(
        read.of(),
        (task, candidate, text) -> {
          String target = target(read, task, words);
          if (text.isBlank()) {
            return Score.scored(0).withNote("target", target);
          }
          List<Language> found = words.of(text);
          long inTarget = found.stream().filter(word -> word.isIn(target)).count();
          return Score.scored(found.isEmpty() ? 1 : (double) inTarget / found.size())
              .withNote("target", target)
              .withNote("words", counts(found));
        });
  }

  private static String target(LanguageSettings settings, Task task, LanguageWords words) {
    if (task.fields().get("language") instanceof String given && !given.isBlank()) {
      return given.strip();
    }
    if (!settings.target().equals(PROMPT)) {
      return settings.target();
    }
    return counted(words.of(task.prompt())).entrySet().stream()
        .max(Map.Entry.comparingByValue())
        .map(Map.Entry::getKey)
        .filter(code -> code.length() <= 3) // longer: a script, whose language is not known
        .orElse("en");
  }

  static Map<String, Long> counted(List<Language> words) {
    return words.stream()
        .collect(
            Collectors.groupingBy(
                Language::text, java.util.LinkedHashMap::new, Collectors.counting()));
  }

  static String counts(List<Language> words) {
    return counted(words).entrySet().stream()
        .map(entry -> entry.getKey() + " " + entry.getValue())
        .collect(Collectors.joining(", "));
  }
}
