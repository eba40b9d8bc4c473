package io.whetstone.rewards.behaviour;

import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Settings;
import io.whetstone.rewards.Group;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardProvider;
import io.whetstone.rewards.Score;
import io.whetstone.rewards.ThinkAnswer;
import java.util.List;
import java.util.Map;

/**
 * {@code tags}: the share of the tags that occur exactly once, whatever their order: {@code t / n}.
 * Tags that the prompt already opened count. The count that GRPO's reproductions have (open-r1's
 * tag_count), without asking for line ends around the tags.
 */
public final class TagsProvider implements RewardProvider {

  /**
   * The reward's settings.
   *
   * @param tags what is counted
   */
  public record TagsSettings(
      @Default(
              value = "[\"<think>\", \"</think>\", \"<answer>\", \"</answer>\"]",
              source = "DeepSeek-R1, Guo et al. 2025, table 1")
          List<String> tags) {

    public TagsSettings {
      if (tags.isEmpty() || tags.stream().anyMatch(String::isEmpty)) {
        throw new IllegalArgumentException("tags: " + tags + " is not a list of tags");
      }
    }
  }

  @Override
  public String name() {
    return "tags";
  }

  @Override
  public Reward create(Map<String, Object> settings) {
    List<String> tags = Settings.read(settings, TagsSettings.class, "").tags();
    return group -> group.candidates().stream().map(c -> score(tags, group, c.text())).toList();
  }

  private static Score score(List<String> tags, Group group, String text) {
    ThinkAnswer read = ThinkAnswer.of(group.promptPrefix(), text);
    long once = tags.stream().filter(tag -> read.count(tag) == 1).count();
    return Score.scored((double) once / tags.size());
  }
}
