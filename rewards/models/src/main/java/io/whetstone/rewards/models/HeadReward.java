package io.whetstone.rewards.models;

import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.Group;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.Score;
import java.util.Arrays;
import java.util.List;

/** What a head says of completions: the chance that each is right. It needs no engine. */
public final class HeadReward implements Reward {
  private final TextHead head;

  /**
   * @param settings of the reward {@code model}
   */
  public HeadReward(TextHead head, ModelSettings settings) {
    this.head = head;
    if (settings.output() == ModelSettings.Output.RAW) {
      throw new IllegalArgumentException(
          "output: raw: a head gives a chance; expected auto or probability");
    }
  }

  @Override
  public List<Score> score(Group group) {
    double[] chances = head.scores(group.candidates().stream().map(Candidate::text).toList());
    return Arrays.stream(chances)
        .mapToObj(
            chance ->
                Double.isFinite(chance)
                    ? Score.scored(chance)
                    : Score.error("chance: " + chance + " is not finite"))
        .toList();
  }
}
