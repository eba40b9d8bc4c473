package io.whetstone.rewards;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/** Joins the scores of several rewards into one total a candidate, as their terms say. */
record Composition(List<WeightedReward> rewards, long step) {

  /** Keeps a group of equal values from being divided by 0; TRL's figure. */
  private static final double EPSILON = 1e-4;

  /** A reward's values over all candidates; NaN where there is none. */
  private record Part(double weight, double[] values, boolean[] failed) {}

  /**
   * The groups with their totals.
   *
   * @param scores for each group, by the reward's name, a score a candidate; closed gates are noted
   *     in them
   */
  List<ScoredGroup> join(List<Group> groups, List<Map<String, List<Score>>> scores) {
    int[] offsets = new int[groups.size() + 1];
    for (int g = 0; g < groups.size(); g++) {
      offsets[g + 1] = offsets[g] + groups.get(g).candidates().size();
    }
    List<Map<String, List<Score>>> noted = new ArrayList<>();
    scores.forEach(group -> noted.add(new LinkedHashMap<>(group)));
    List<Part> parts = new ArrayList<>();
    for (WeightedReward reward : rewards) {
      Part part = part(reward, scores, noted, offsets);
      normalize(reward.terms().normalize(), part, offsets);
      parts.add(part);
    }
    List<ScoredGroup> joined = new ArrayList<>();
    for (int g = 0; g < groups.size(); g++) {
      List<OptionalDouble> totals = new ArrayList<>();
      for (int at = offsets[g]; at < offsets[g + 1]; at++) {
        totals.add(total(parts, at));
      }
      joined.add(new ScoredGroup(groups.get(g), noted.get(g), totals));
    }
    return joined;
  }

  private Part part(
      WeightedReward reward,
      List<Map<String, List<Score>>> scores,
      List<Map<String, List<Score>>> noted,
      int[] offsets) {
    Terms terms = reward.terms();
    int count = offsets[offsets.length - 1];
    Part part = new Part(terms.weight().at(step), new double[count], new boolean[count]);
    for (int g = 0; g < scores.size(); g++) {
      List<Score> own = new ArrayList<>(scores.get(g).get(reward.name()));
      for (int c = 0; c < own.size(); c++) {
        Score score = own.get(c);
        int at = offsets[g] + c;
        boolean gated = score.value().isPresent() && terms.gate().isPresent();
        Gate.State gate = gated ? terms.gate().get().of(scores.get(g), c) : Gate.State.OPEN;
        if (gate == Gate.State.CLOSED) {
          own.set(c, score.withNote("gate", "closed: counts as 0"));
        }
        part.failed()[at] = score.failed() || gate == Gate.State.UNKNOWN;
        part.values()[at] = terms.counted(reward.name(), scores.get(g), c);
      }
      noted.get(g).put(reward.name(), own);
    }
    return part;
  }

  private static void normalize(Terms.Normalize how, Part part, int[] offsets) {
    switch (how) {
      case NONE -> {}
      case BATCH -> normalize(part.values(), 0, part.values().length);
      case GROUP -> {
        for (int g = 0; g + 1 < offsets.length; g++) {
          normalize(part.values(), offsets[g], offsets[g + 1]);
        }
      }
    }
  }

  /** (x − mean) / (deviation + ε), with the sample's deviation, over what has a value. */
  private static void normalize(double[] values, int from, int to) {
    double sum = 0;
    int count = 0;
    for (int i = from; i < to; i++) {
      if (!Double.isNaN(values[i])) {
        sum += values[i];
        count++;
      }
    }
    double mean = sum / count;
    double squares = 0;
    for (int i = from; i < to; i++) {
      squares += Double.isNaN(values[i]) ? 0 : (values[i] - mean) * (values[i] - mean);
    }
    double deviation = count < 2 ? 0 : Math.sqrt(squares / (count - 1));
    for (int i = from; i < to; i++) {
      values[i] = (values[i] - mean) / (deviation + EPSILON);
    }
  }

  private static OptionalDouble total(List<Part> parts, int at) {
    double sum = 0;
    boolean any = false;
    for (Part part : parts) {
      if (part.weight() == 0) {
        continue;
      }
      if (part.failed()[at]) {
        return OptionalDouble.empty();
      }
      if (!Double.isNaN(part.values()[at])) {
        sum += part.weight() * part.values()[at];
        any = true;
      }
    }
    return any ? OptionalDouble.of(sum) : OptionalDouble.empty();
  }
}
