package io.whetstone.rewards.judge;

import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.Expense;
import io.whetstone.rewards.Group;
import io.whetstone.rewards.Score;
import io.whetstone.rewards.judge.JudgeSettings.Compare;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Compares the completions of a group two by two.
 *
 * <p>Each pair is asked in both orders, and its result is the mean of the two, so that a judge that
 * likes the first place says nothing by it: win 1, tie ½, loss 0. A candidate's score is its mean
 * over its pairs, in [0, 1]. Equal texts tie unasked. A pair of which one order cannot be read does
 * not count; a candidate of whose pairs not more than half count has no value.
 */
record PairedJudgement(JudgeReward judge, Group group) {

  record Pair(int one, int other) {}

  /** A candidate's pairs as they come in. */
  private static final class Standing {
    private double won;
    private int counted;
    private int failed;
    private Expense expense = Expense.NONE;
    private Ballot failure;
    private Ballot example;

    void add(double points) {
      won += points;
      counted++;
    }

    void fail(Ballot why) {
      failed++;
      failure = why;
    }
  }

  /** The pairs of so many candidates; the pivot is the one at {@code seed} modulo their number. */
  static List<Pair> pairs(JudgeSettings settings, int candidates, int seed) {
    List<Pair> pairs = new ArrayList<>();
    int pivot = Math.floorMod(seed, candidates);
    boolean all = settings.compare().orElse(Compare.ALL) == Compare.ALL;
    for (int one = 0; one < candidates; one++) {
      for (int other = one + 1; other < candidates; other++) {
        if (all || one == pivot || other == pivot) {
          pairs.add(new Pair(one, other));
        }
      }
    }
    return pairs;
  }

  List<Score> scores() throws InterruptedException {
    List<String> texts = group.candidates().stream().map(Candidate::text).toList();
    if (texts.size() < 2) {
      return List.of(Score.notApplicable());
    }
    List<Pair> pairs = pairs(judge.settings(), texts.size(), texts.hashCode());
    List<Map<String, String>> materials = new ArrayList<>();
    Map<Pair, Integer> places = new HashMap<>();
    for (Pair pair : pairs) {
      String one = group.promptPrefix() + texts.get(pair.one());
      String other = group.promptPrefix() + texts.get(pair.other());
      if (!one.equals(other)) {
        places.put(pair, materials.size());
        materials.add(material(one, other));
        materials.add(material(other, one));
      }
    }
    List<Ballot> ballots = judge.ask(materials);
    List<Standing> standings = new ArrayList<>();
    texts.forEach(unused -> standings.add(new Standing()));
    for (Pair pair : pairs) {
      Integer place = places.get(pair);
      if (place == null) {
        standings.get(pair.one()).add(0.5);
        standings.get(pair.other()).add(0.5);
      } else {
        enter(pair, ballots.get(place), ballots.get(place + 1), standings);
      }
    }
    return standings.stream().map(PairedJudgement::score).toList();
  }

  private Map<String, String> material(String first, String second) {
    Map<String, String> material = judge.ofTask(group);
    material.put("first", first);
    material.put("second", second);
    return material;
  }

  private void enter(Pair pair, Ballot there, Ballot back, List<Standing> standings) {
    Standing one = standings.get(pair.one());
    Standing other = standings.get(pair.other());
    // Counted once in the group: with the earlier of the two.
    one.expense = one.expense.plus(there.expense()).plus(back.expense());
    one.example = one.example == null ? there : one.example;
    other.example = other.example == null ? there : other.example;
    if (there.decided() && back.decided()) {
      var how = judge.settings().aggregation();
      double points = (there.value(how) + 1 - back.value(how)) / 2;
      one.add(points);
      other.add(1 - points);
    } else {
      Ballot why = there.decided() ? back : there;
      one.fail(why);
      other.fail(why);
    }
  }

  private static Score score(Standing standing) {
    if (standing.counted <= standing.failed) {
      Score failure =
          standing.failure.timedOut()
              ? Score.timeout(standing.failure.reasons().getFirst())
              : Score.error(standing.failure.reasons().getFirst());
      return standing.expense.notedIn(failure);
    }
    Score score =
        Score.scored(standing.won / standing.counted)
            .withNote(
                "wins",
                String.format(Locale.ROOT, "%s of %d", standing.won, standing.counted)
                    + (standing.failed > 0 ? ", " + standing.failed + " unreadable" : ""));
    if (standing.example != null
        && standing.example.words().filter(w -> !w.isEmpty()).isPresent()) {
      score = score.withNote("judge", standing.example.words().get());
    }
    return standing.expense.notedIn(score);
  }
}
