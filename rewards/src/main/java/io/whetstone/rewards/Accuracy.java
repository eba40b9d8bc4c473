package io.whetstone.rewards;

import io.whetstone.datasets.DatasetException;
import io.whetstone.datasets.Task;
import io.whetstone.rewards.AccuracyProvider.AccuracySettings;
import io.whetstone.rewards.AccuracyProvider.Compare;
import java.math.BigDecimal;
import java.util.List;
import java.util.Optional;

/** Compares the last answer of each candidate with the gold one. */
record Accuracy(AccuracySettings settings) implements Reward {

  @Override
  public void check(Task task) {
    if (settings.compare() == Compare.NUMERIC
        && task.answer().isPresent()
        && Numbers.parse(task.answer().get()).isEmpty()) {
      throw new DatasetException(
          "task %s: answer: \"%s\" is not a number; accuracy with compare: numeric needs one"
              .formatted(task.id(), task.answer().get()));
    }
  }

  @Override
  public List<Score> score(Group group) {
    check(group.task());
    return group.candidates().stream().map(candidate -> score(group, candidate)).toList();
  }

  private Score score(Group group, Candidate candidate) {
    if (group.task().answer().isEmpty()) {
      return Score.notApplicable();
    }
    ThinkAnswer read = ThinkAnswer.of(group.promptPrefix(), candidate.text());
    Optional<String> answer = read.lastAnswer();
    if (answer.isEmpty() || answer.get().isEmpty()) {
      return Score.unparseable();
    }
    if (settings.requireFormat() && !read.isStrict()) {
      return Score.unparseable()
          .withExtracted(answer.get())
          .withNote("format", "not <think>…</think><answer>…</answer>");
    }
    boolean same = same(answer.get(), group.task().answer().get().strip());
    return (same ? Score.correct() : Score.wrong()).withExtracted(answer.get());
  }

  private boolean same(String answer, String gold) {
    Optional<BigDecimal> goldNumber =
        settings.compare() == Compare.EXACT ? Optional.empty() : Numbers.parse(gold);
    if (goldNumber.isEmpty()) {
      return answer.equals(gold);
    }
    Optional<BigDecimal> number = Numbers.parse(answer);
    return number.isPresent()
        && number
                .get()
                .subtract(goldNumber.get())
                .abs()
                .compareTo(settings.allowed(goldNumber.get()))
            <= 0;
  }
}
