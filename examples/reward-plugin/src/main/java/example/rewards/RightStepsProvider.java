package example.rewards;

import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Settings;
import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardProvider;
import io.whetstone.rewards.Score;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code right-steps}: the share of a thought's equations that are right. {@code
 * 37+58=95;95+12=117} has one of two: 0.5.
 */
public final class RightStepsProvider implements RewardProvider {

  private static final Pattern EQUATION =
      Pattern.compile("(\\d{1,15})([+-])(\\d{1,15})=(-?\\d{1,16})");

  /**
   * The keys a configuration may set.
   *
   * @param least equations that a thought must have to be scored at all
   */
  public record RightStepsSettings(
      @Default(value = "1", source = "a share of nothing means nothing") int least) {

    public RightStepsSettings {
      if (least < 1) {
        throw new IllegalArgumentException("least: " + least + " is not 1 or more");
      }
    }
  }

  @Override
  public String name() {
    return "right-steps";
  }

  @Override
  public Reward create(Map<String, Object> settings) {
    RightStepsSettings read = Settings.read(settings, RightStepsSettings.class, "");
    return Reward.each((task, candidate) -> score(candidate, read.least()));
  }

  private static Score score(Candidate candidate, int least) {
    Matcher equation = EQUATION.matcher(candidate.text());
    int right = 0;
    int all = 0;
    while (equation.find()) {
      all++;
      right += isRight(equation) ? 1 : 0;
    }
    if (all < least) {
      return Score.unparseable().withNote("equations", Integer.toString(all));
    }
    return Score.scored((double) right / all).withNote("equations", right + " of " + all);
  }

  private static boolean isRight(Matcher equation) {
    long left = Long.parseLong(equation.group(1));
    long right = Long.parseLong(equation.group(3));
    long result = equation.group(2).equals("+") ? left + right : left - right;
    return result == Long.parseLong(equation.group(4));
  }
}
