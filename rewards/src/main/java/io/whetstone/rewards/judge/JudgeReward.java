package io.whetstone.rewards.judge;

import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.Group;
import io.whetstone.rewards.Reward;
import io.whetstone.rewards.Score;
import io.whetstone.rewards.ThinkAnswer;
import io.whetstone.rewards.judge.JudgeSettings.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** A generative verifier: what a language model says of each completion becomes its score. */
record JudgeReward(JudgeSettings settings, Measure measure, Questions questions, Answerer answerer)
    implements Reward {

  @Override
  public List<Score> score(Group group) throws InterruptedException {
    if (questions.needReference() && group.task().answer().isEmpty()) {
      return group.candidates().stream().map(unused -> Score.notApplicable()).toList();
    }
    return settings.kind() == Kind.PAIRWISE
        ? new PairedJudgement(this, group).scores()
        : eachAlone(group);
  }

  private List<Score> eachAlone(Group group) throws InterruptedException {
    List<Map<String, String>> materials = new ArrayList<>();
    for (Candidate candidate : group.candidates()) {
      ThinkAnswer read = ThinkAnswer.of(group.promptPrefix(), candidate.text());
      Map<String, String> material = ofTask(group);
      material.put("completion", group.promptPrefix() + candidate.text());
      material.put("response", read.response());
      material.put("answer", read.lastAnswer().orElse(""));
      materials.add(material);
    }
    List<Ballot> ballots = ask(materials);
    List<Score> scores = new ArrayList<>();
    for (int c = 0; c < ballots.size(); c++) {
      String answer = materials.get(c).get("answer");
      Score score = score(ballots.get(c));
      scores.add(answer.isEmpty() ? score : score.withExtracted(answer));
    }
    return scores;
  }

  /** What is known before any completion. */
  Map<String, String> ofTask(Group group) {
    Map<String, String> material = new LinkedHashMap<>();
    material.put("prompt", group.task().prompt());
    material.put("reference", group.task().answer().orElse(""));
    return material;
  }

  /** The votes on each of them; what is asked twice is asked once. */
  List<Ballot> ask(List<Map<String, String>> materials) throws InterruptedException {
    Map<Question, Integer> places = new LinkedHashMap<>();
    List<List<Question>> votes = new ArrayList<>();
    for (Map<String, String> material : materials) {
      votes.add(questions.votes(material));
      votes.getLast().forEach(question -> places.putIfAbsent(question, places.size()));
    }
    List<Answer> answers = answerer.answer(List.copyOf(places.keySet()));
    Map<List<Question>, Ballot> known = new HashMap<>();
    List<Ballot> ballots = new ArrayList<>();
    for (List<Question> asked : votes) {
      ballots.add(
          known.computeIfAbsent(
              asked,
              its ->
                  Ballot.of(
                      its.stream().map(q -> answers.get(places.get(q))).toList(),
                      settings,
                      measure)));
    }
    return ballots;
  }

  private Score score(Ballot ballot) {
    if (!ballot.decided()) {
      return ballot.failure();
    }
    double value = ballot.value(settings.aggregation());
    boolean whole = settings.kind() != Kind.GRADE && (value == 0 || value == 1);
    Score score =
        whole
            ? switch (ballot.majority().meaning()) {
              case CORRECT -> Score.correct();
              case INVALID -> Score.unparseable();
              default -> Score.wrong();
            }
            : Score.scored(value);
    return ballot.noted(score);
  }

  @Override
  public boolean comparesCandidates() {
    return settings.kind() == Kind.PAIRWISE;
  }

  @Override
  public boolean repeats() {
    return answerer.repeats();
  }

  @Override
  public void preflight() throws InterruptedException {
    answerer.preflight();
  }

  @Override
  public Duration patience(int candidates) {
    int asked =
        settings.kind() == Kind.PAIRWISE
            ? 2 * PairedJudgement.pairs(settings, candidates, 0).size()
            : candidates;
    return answerer.patience(Math.max(1, asked * settings.votes()));
  }

  @Override
  public OptionalInt concurrency() {
    return answerer.concurrency();
  }

  @Override
  public void close() {
    answerer.close();
  }
}
