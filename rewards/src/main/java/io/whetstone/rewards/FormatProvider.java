package io.whetstone.rewards;

import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Settings;
import java.util.Map;

/**
 * {@code format}: is the completion of the form {@code <think>…</think><answer>…</answer>}?
 *
 * <p>{@code strict}: correct if the prompt's prefix and the completion together are exactly that,
 * each tag once, both parts not blank; else wrong. White space before, between and after the blocks
 * is allowed.
 *
 * <p>{@code soft}: scored {@code (t + o + s) / 6} with {@code t} the number of the four tags that
 * occur exactly once, {@code o} 1 if all four do and stand in order, and {@code s} 1 if the strict
 * form holds. So the empty completion has 0, all tags with text around them 5/6, the strict form 1.
 */
public final class FormatProvider implements RewardProvider {

  /** How much must be right to earn something. */
  public enum Mode {
    STRICT,
    SOFT
  }

  /** The reward's settings. */
  public record FormatSettings(
      @Default(value = "\"strict\"", source = "DeepSeek-R1, Guo et al. 2025, §2.2.2") Mode mode) {}

  @Override
  public String name() {
    return "format";
  }

  @Override
  public Reward create(Map<String, Object> settings) {
    Mode mode = Settings.read(settings, FormatSettings.class, "").mode();
    return group -> group.candidates().stream().map(c -> score(mode, group, c)).toList();
  }

  private static Score score(Mode mode, Group group, Candidate candidate) {
    ThinkAnswer read = ThinkAnswer.of(group.promptPrefix(), candidate.text());
    return switch (mode) {
      case STRICT -> read.isStrict() ? Score.correct() : Score.wrong();
      case SOFT -> Score.scored(soft(read));
    };
  }

  private static double soft(ThinkAnswer read) {
    long tags = ThinkAnswer.TAGS.stream().filter(tag -> read.count(tag) == 1).count();
    return (tags + (read.isInOrder() ? 1 : 0) + (read.isStrict() ? 1 : 0)) / 6.0;
  }
}
