package io.whetstone.rewards.judge;

import io.whetstone.rewards.Expense;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Answers as a function says, and remembers what it was asked. */
final class ScriptedAnswerer implements Answerer {

  final List<Question> asked = new ArrayList<>();
  private final Function<Question, Answer> script;

  ScriptedAnswerer(Function<Question, Answer> script) {
    this.script = script;
  }

  static ScriptedAnswerer saying(Function<Question, String> words) {
    return new ScriptedAnswerer(q -> new Answer.Given(words.apply(q), true, new Expense(10, 2, 0)));
  }

  @Override
  public synchronized List<Answer> answer(List<Question> questions) {
    asked.addAll(questions);
    return questions.stream().map(script).toList();
  }

  @Override
  public boolean repeats() {
    return true;
  }

  @Override
  public boolean draws() {
    return true;
  }

  @Override
  public Duration patience(int questions) {
    return Duration.ofSeconds(1);
  }

  @Override
  public void preflight() {}

  @Override
  public void close() {}
}
