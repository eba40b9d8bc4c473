package io.whetstone.rewards;

import io.whetstone.datasets.settings.Default;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * How a reward's value enters the total. In this order: the gate, the bounds, the normalisation,
 * the weight.
 *
 * @param weight what the value is multiplied with; 0 records the reward without using it
 * @param gate other rewards without which the value counts as 0
 * @param clip bounds the value is held within
 * @param normalize what the value is made comparable with
 * @param cache completions whose score is remembered, so that the same completion of the same task
 *     is scored once; 0 remembers none
 */
public record Terms(
    @Default(value = "1", source = "TRL's reward_weights") Weight weight,
    Optional<Gate> gate,
    Optional<Clip> clip,
    @Default(value = "\"none\"", source = "rewards by rule are comparable as they are")
        Normalize normalize,
    @Default(value = "0", source = "most rules are faster than remembering") int cache) {

  /** What a value is made comparable with: {@code (x − mean) / (deviation + 0.0001)}. */
  public enum Normalize {
    /** The value as it is. */
    NONE,
    /** The values of the task's completions, as in GDPO, where each reward is scaled apart. */
    GROUP,
    /** All values that are scored together, a step of training as a rule. */
    BATCH
  }

  public Terms {
    if (cache < 0) {
      throw new IllegalArgumentException("cache: " + cache + " is not 0 or more");
    }
  }

  /**
   * What a candidate's value counts before it is normalised and weighted: 0 behind a closed gate,
   * held within the bounds; NaN where there is no value, or where the gate's reward failed.
   *
   * @param reward whose terms these are
   * @param scores of the candidate's group, by reward
   */
  public double counted(String reward, Map<String, List<Score>> scores, int candidate) {
    OptionalDouble value = scores.get(reward).get(candidate).value();
    if (value.isEmpty()) {
      return Double.NaN;
    }
    Gate.State state = gate.map(asked -> asked.of(scores, candidate)).orElse(Gate.State.OPEN);
    double gated =
        switch (state) {
          case OPEN -> value.getAsDouble();
          case CLOSED -> 0;
          case UNKNOWN -> Double.NaN;
        };
    return Double.isNaN(gated) || clip.isEmpty() ? gated : clip.get().of(gated);
  }

  /** The plain product with a weight. */
  public static Terms of(double weight) {
    return new Terms(Weight.of(weight), Optional.empty(), Optional.empty(), Normalize.NONE, 0);
  }
}
