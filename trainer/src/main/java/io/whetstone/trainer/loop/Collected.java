package io.whetstone.trainer.loop;

import io.whetstone.trainer.algorithm.Advantages;
import io.whetstone.trainer.rollout.ScoredRollout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Every group drawn for a step, in the order drawn, and what it was drawn for.
 *
 * @param fates one a group
 * @param attempts rounds of drawing it took
 */
record Collected(List<ScoredRollout> all, List<Fate> fates, int attempts) {
  /** What becomes of a group before advantages are computed. */
  enum Fate {
    /** It goes on to the advantages. */
    USED,
    /** Its rewards are all alike. */
    WITHOUT_VARIANCE,
    /** Its share of right completions is not wanted. */
    OUT_OF_RANGE,
    /** Fewer than two rewards are present. */
    TOO_FEW,
    /** There were enough others before it. */
    SURPLUS
  }

  Collected {
    all = List.copyOf(all);
    fates = List.copyOf(fates);
    if (all.size() != fates.size()) {
      throw new IllegalArgumentException(all.size() + " groups, " + fates.size() + " fates");
    }
  }

  /** The groups that go on. */
  List<ScoredRollout> used() {
    List<ScoredRollout> used = new ArrayList<>();
    for (int g = 0; g < all.size(); g++) {
      if (fates.get(g) == Fate.USED) {
        used.add(all.get(g));
      }
    }
    return used;
  }

  int count(Fate fate) {
    return (int) fates.stream().filter(fate::equals).count();
  }

  /** The used groups' advantages, spread over all groups; the others take no part. */
  Advantages spread(Advantages ofUsed) {
    double[][][] values = new double[all.size()][][];
    List<Advantages.Group> outcomes = new ArrayList<>();
    int next = 0;
    for (int g = 0; g < values.length; g++) {
      if (fates.get(g) == Fate.USED) {
        outcomes.add(ofUsed.groups().get(next));
        values[g] = ofUsed.values()[next++];
      } else {
        outcomes.add(outcome(fates.get(g)));
        values[g] = nothing(all.get(g));
      }
    }
    return new Advantages(values, outcomes);
  }

  /** The advantages of a step that trained on none of its groups. */
  Advantages unused() {
    return new Advantages(
        all.stream().map(Collected::nothing).toArray(double[][][]::new),
        fates.stream().map(Collected::outcome).toList());
  }

  private static double[][] nothing(ScoredRollout group) {
    return new double[group.rollout().completions().size()][0];
  }

  private static Advantages.Group outcome(Fate fate) {
    return switch (fate) {
      case USED -> Advantages.Group.DROPPED_WITH_STEP;
      case WITHOUT_VARIANCE -> Advantages.Group.DROPPED_WITHOUT_VARIANCE;
      case OUT_OF_RANGE -> Advantages.Group.DROPPED_OUT_OF_RANGE;
      case TOO_FEW -> Advantages.Group.DROPPED_TOO_FEW;
      case SURPLUS -> Advantages.Group.DROPPED_SURPLUS;
    };
  }

  /** Tokens drawn. */
  long tokens() {
    return all.stream().mapToLong(group -> group.rollout().tokens()).sum();
  }

  /** What drawing cost, by the keys of docs/metrics.md. */
  void cost(Map<String, Double> metrics) {
    long tokens = tokens();
    long thrown = 0;
    for (int g = 0; g < all.size(); g++) {
      thrown += fates.get(g) == Fate.USED ? 0 : all.get(g).rollout().tokens();
    }
    metrics.put("groups/total", (double) all.size());
    metrics.put("groups/used", (double) count(Fate.USED));
    metrics.put("sampling/attempts", (double) attempts);
    metrics.put("sampling/thrown-away", tokens == 0 ? 0 : (double) thrown / tokens);
  }
}
