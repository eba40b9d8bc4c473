package io.whetstone.rewards;

import io.whetstone.datasets.settings.Names;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Other rewards that must hold for a value to count: {@code accuracy: {gate: format}}.
 *
 * <p>Written as a reward's name, a list of names, or names with the least value each must have
 * ({@code {format: 1, language: 0.8}}); a name alone needs 1. A reward that is not applicable to
 * the task leaves its gate open.
 */
public final class Gate {

  /** What a gate says of one candidate. */
  enum State {
    OPEN,
    CLOSED,
    /** A reward it looks at failed, so nobody knows. */
    UNKNOWN
  }

  private final Map<String, Double> least;

  private Gate(Map<String, Double> least) {
    this.least = Collections.unmodifiableMap(new LinkedHashMap<>(least));
    if (least.isEmpty()) {
      throw new IllegalArgumentException("names no reward");
    }
  }

  /** The reward must have 1. */
  public static Gate of(String name) {
    return of(List.of(name));
  }

  /** Each reward must have 1. */
  public static Gate of(List<String> names) {
    Map<String, Double> least = new LinkedHashMap<>();
    names.forEach(name -> least.put(name, 1.0));
    return new Gate(least);
  }

  /** Each reward must have at least its number. */
  public static Gate of(Map<String, Double> least) {
    return new Gate(least);
  }

  /**
   * Refuses names that are not there.
   *
   * @param owner the reward that has this gate
   * @throws IllegalArgumentException {@code accuracy.gate: "formt" is not known; …}
   */
  public void requireKnown(String owner, Collection<String> rewards) {
    List<String> others = new ArrayList<>(rewards);
    others.remove(owner);
    for (String name : least.keySet()) {
      if (!others.contains(name)) {
        throw new IllegalArgumentException(
            owner
                + ".gate: \""
                + name
                + "\" "
                + (name.equals(owner)
                    ? "is the reward itself; expected another one of this list"
                    : Names.unknown(name, others)));
      }
    }
  }

  /** The gates, for the names' scores of one candidate. */
  State of(Map<String, List<Score>> scores, int candidate) {
    State state = State.OPEN;
    for (Map.Entry<String, Double> gate : least.entrySet()) {
      Score score = scores.get(gate.getKey()).get(candidate);
      if (score.value().isPresent() && score.value().getAsDouble() < gate.getValue()) {
        return State.CLOSED; // whatever the others would have said
      }
      state = score.failed() ? State.UNKNOWN : state;
    }
    return state;
  }

  @Override
  public String toString() {
    return least.toString();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Gate that && least.equals(that.least);
  }

  @Override
  public int hashCode() {
    return least.hashCode();
  }
}
