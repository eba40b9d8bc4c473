package example.rewards;

import io.whetstone.datasets.settings.Settings;
import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.Group;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.RewardProvider;
import io.whetstone.rewards.Score;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * {@code shortest-right}: 1 for the shortest of a group's completions that hold the gold answer, 0
 * for the others. A reward that compares, and so needs the whole group.
 */
public final class ShortestRightProvider implements RewardProvider {

  /** No keys. A record without components refuses whatever a configuration sets. */
  record None() {}

  @Override
  public String name() {
    return "shortest-right";
  }

  @Override
  public Reward create(Map<String, Object> settings) {
    Settings.read(settings, None.class, "");
    return new ShortestRight();
  }

  /** Compares, and says so: stored completions of one task are then shown to it together. */
  private static final class ShortestRight implements Reward {
    @Override
    public List<Score> score(Group group) {
      return ShortestRightProvider.score(group);
    }

    @Override
    public boolean comparesCandidates() {
      return true;
    }
  }

  private static List<Score> score(Group group) {
    if (group.task().answer().isEmpty()) {
      return group.candidates().stream().map(candidate -> Score.notApplicable()).toList();
    }
    String answer = "<answer>" + group.task().answer().get() + "</answer>";
    OptionalInt shortest =
        group.candidates().stream()
            .map(Candidate::text)
            .filter(text -> text.contains(answer))
            .mapToInt(String::length)
            .min();
    return group.candidates().stream()
        .map(
            candidate -> {
              boolean wins =
                  candidate.text().contains(answer)
                      && candidate.text().length() == shortest.orElseThrow();
              return wins ? Score.correct() : Score.wrong();
            })
        .toList();
  }
}
