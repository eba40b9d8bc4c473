package io.whetstone.trainer.judge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.checkpoints.HuggingFaceModel;
import io.whetstone.rewards.judge.Answer;
import io.whetstone.rewards.judge.Answerer;
import io.whetstone.rewards.judge.Question;
import io.whetstone.tensor.Backend;
import io.whetstone.tensor.Backends;
import io.whetstone.tensor.DType;
import io.whetstone.trainer.config.FromScratch;
import io.whetstone.trainer.loop.Policy;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** A model of ours that answers a judge's questions. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ModelAnswererTest {

  private Path model;

  @BeforeAll
  void make(@TempDir Path directory) throws IOException {
    model = directory.resolve("model");
    FromScratch settings =
        io.whetstone.datasets.settings.Settings.read(
            Map.of(
                "hidden", 16,
                "layers", 2,
                "heads", 2,
                "feed-forward", 24,
                "max-positions", 64,
                "initializer-range", 0.3,
                "vocabulary", Map.of("characters", "0123456789+=?")),
            FromScratch.class,
            "");
    try (Backend backend = Backends.open("cpu", 1);
        Policy policy = Policy.fromScratch(settings, backend, DType.F32, 1)) {
      HuggingFaceModel.save(
          model,
          policy.model().config(),
          policy.model().weights(),
          DType.F32,
          backend,
          policy.tokenizer());
    }
  }

  private Answerer open(Map<String, Object> more) {
    Map<String, Object> settings = new HashMap<>(more);
    settings.putIfAbsent("path", model.toString());
    settings.putIfAbsent("max-tokens", 12);
    return new ModelAnswererProvider().open(settings);
  }

  private static Question question(int number) {
    return new Question(Optional.empty(), number + "+" + number * 7 + "=?", 0);
  }

  @Test
  void anAnswerDependsOnItsQuestionAlone() throws InterruptedException {
    List<Question> questions = IntStream.range(0, 12).mapToObj(i -> question(i)).toList();
    for (double temperature : new double[] {0, 1}) {
      List<Answer> together;
      try (Answerer answerer = open(Map.of("temperature", temperature))) {
        together = answerer.answer(questions);
        assertTrue(answerer.repeats());
        assertEquals(temperature > 0, answerer.draws());
      }
      assertTrue(together.stream().distinct().count() > 6, together.toString());
      try (Answerer answerer = open(Map.of("temperature", temperature, "sequences", 3))) {
        List<CompletableFuture<List<Answer>>> alone = new java.util.ArrayList<>();
        for (Question question : questions) {
          alone.add(
              CompletableFuture.supplyAsync(
                  () -> {
                    try {
                      return answerer.answer(List.of(question));
                    } catch (InterruptedException e) {
                      throw new IllegalStateException(e);
                    }
                  }));
        }
        for (int q = 0; q < questions.size(); q++) {
          assertEquals(List.of(together.get(q)), alone.get(q).join());
        }
      }
    }
  }

  @Test
  void whatDoesNotFitIsNoAnswer() throws InterruptedException {
    try (Answerer answerer = open(Map.of())) {
      List<Answer> answers =
          answerer.answer(
              List.of(
                  new Question(Optional.empty(), "1".repeat(60), 0),
                  question(1),
                  new Question(Optional.empty(), "letters", 0)));
      assertTrue(
          assertInstanceOf(Answer.Failed.class, answers.get(0))
              .reason()
              .contains("lower most-characters"));
      assertInstanceOf(Answer.Given.class, answers.get(1));
      assertInstanceOf(Answer.Failed.class, answers.get(2));
    }
  }

  @Test
  void whatIsNotThereIsFoundBeforeTheRun() throws InterruptedException {
    try (Answerer answerer = open(Map.of())) {
      answerer.preflight();
    }
    for (Map<String, Object> wrong :
        List.<Map<String, Object>>of(
            Map.of("path", model.resolve("nowhere").toString()),
            Map.of("max-tokens", 64),
            Map.of("backend", "abacus"))) {
      try (Answerer answerer = open(wrong)) {
        assertThrows(IllegalArgumentException.class, answerer::preflight, wrong.toString());
        if (wrong.containsKey("path")) {
          Answer answer = answerer.answer(List.of(question(1))).getFirst();
          assertFalse(assertInstanceOf(Answer.Failed.class, answer).timeout());
        }
      }
    }
  }
}
