package io.whetstone.rewards.models;

import io.whetstone.datasets.Task;
import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.Group;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.Score;
import io.whetstone.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.BiFunction;

/**
 * What a head says of completions: the chance that each is right. It needs no engine, unless it
 * looks at hidden states: these are computed for all groups of a step together, on the thread that
 * also samples, as {@link ModelReward} does.
 */
public final class HeadReward implements Reward {
  private static final float[] NONE = new float[0];

  private final TextHead head;
  private final Optional<Inside> inside;
  private final Map<Group, float[][]> seen = new IdentityHashMap<>();

  /**
   * How hidden states are read.
   *
   * @param prompts the ids of a task's prompt as the policy reads it, by a model's tokenizer
   * @param policyTokenizer the tokenizer that candidates' ids are of; empty where only their texts
   *     count
   */
  public record Inside(
      HiddenStates states,
      BiFunction<Task, Tokenizer, int[]> prompts,
      Optional<Tokenizer> policyTokenizer) {

    /** A state each; null where a completion is longer than the model's positions. */
    private List<float[][]> of(List<Group> groups) {
      CompletionIds reading = new CompletionIds(states.tokenizer(), policyTokenizer);
      int pad = states.tokenizer().pad().orElse(-1);
      List<Scorable> asked = new ArrayList<>();
      List<float[][]> found = new ArrayList<>();
      List<int[]> places = new ArrayList<>();
      for (Group group : groups) {
        int[] prompt = prompts.apply(group.task(), states.tokenizer());
        for (int i = 0; i < group.candidates().size(); i++) {
          Candidate candidate = group.candidates().get(i);
          int[] ids = reading.of(candidate);
          if (prompt.length + ids.length <= states.maxPositions()) {
            places.add(new int[] {found.size(), i});
            asked.add(Scorable.outcome(prompt, ids, pad));
          }
        }
        found.add(new float[group.candidates().size()][]);
      }
      float[][] computed = states.of(asked);
      for (int c = 0; c < computed.length; c++) {
        found.get(places.get(c)[0])[places.get(c)[1]] = computed[c];
      }
      return found;
    }
  }

  /**
   * @param settings of the reward {@code model}
   * @param inside reads hidden states, where the head looks at them
   */
  public HeadReward(TextHead head, ModelSettings settings, Optional<Inside> inside) {
    this.head = head;
    this.inside = inside;
    if (settings.output() == ModelSettings.Output.RAW) {
      throw new IllegalArgumentException(
          "output: raw: a head gives a chance; expected auto or probability");
    }
  }

  @Override
  public void prepare(List<Group> groups) {
    if (inside.isPresent()) {
      List<float[][]> found = inside.get().of(groups);
      synchronized (seen) {
        seen.clear();
        for (int g = 0; g < groups.size(); g++) {
          seen.put(groups.get(g), found.get(g));
        }
      }
    }
  }

  private float[][] states(Group group) {
    synchronized (seen) {
      float[][] its = seen.get(group);
      return its != null ? its : inside.orElseThrow().of(List.of(group)).getFirst();
    }
  }

  @Override
  public List<Score> score(Group group) {
    List<HeadInput> inputs = new ArrayList<>();
    float[][] states = inside.isPresent() ? states(group) : null;
    for (int i = 0; i < group.candidates().size(); i++) {
      if (states == null || states[i] != null) {
        inputs.add(
            new HeadInput(group.candidates().get(i).text(), states == null ? NONE : states[i]));
      }
    }
    double[] chances = head.scores(inputs);
    List<Score> scores = new ArrayList<>();
    int next = 0;
    for (int i = 0; i < group.candidates().size(); i++) {
      scores.add(
          states != null && states[i] == null
              ? Score.error(
                  "prompt and completion exceed the head's model's "
                      + inside.orElseThrow().states().maxPositions()
                      + " positions")
              : score(chances[next++]));
    }
    return scores;
  }

  private static Score score(double chance) {
    return Double.isFinite(chance)
        ? Score.scored(chance)
        : Score.error("chance: " + chance + " is not finite");
  }

  @Override
  public OptionalInt concurrency() {
    return inside.isPresent() ? OptionalInt.of(1) : OptionalInt.empty();
  }
}
