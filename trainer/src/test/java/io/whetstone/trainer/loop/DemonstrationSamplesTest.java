package io.whetstone.trainer.loop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.datasets.Conversation;
import io.whetstone.datasets.Demonstration;
import io.whetstone.datasets.Task;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.tokenizer.TokenizerBuilder;
import io.whetstone.trainer.config.Prompt;
import io.whetstone.trainer.config.TrainOn;
import io.whetstone.trainer.rollout.PromptEncoder;
import io.whetstone.trainer.rollout.TrainingSample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What of a demonstration is learned. */
class DemonstrationSamplesTest {
  private static final Path FAMILIES =
      Path.of("../engine/tokenizer/src/test/resources/chat/families");
  private static final List<Map<String, Object>> MESSAGES =
      List.of(
          said("user", "1+1?"),
          said("assistant", "<think>\none\n</think>\n\n2"),
          said("user", "and 3?"),
          said("assistant", "<think>\ntwo\n</think>\n\n5"));

  private static Map<String, Object> said(String role, String content) {
    return Map.of("role", role, "content", content);
  }

  private static Tokenizer tokenizer(String template) {
    TokenizerBuilder builder =
        TokenizerBuilder.bytes()
            .tags(List.of("<think>", "</think>", "<|im_start|>", "<|im_end|>"))
            .endOfSequence("<|endoftext|>");
    return (template == null ? builder : builder.chatTemplate(template)).build();
  }

  private static String qwen3(boolean marked) throws IOException {
    String source = Files.readString(FAMILIES.resolve("qwen3.jinja"));
    return marked ? source : source.replaceAll("\\{% (end)?generation %}", "");
  }

  private static DemonstrationSamples samples(Tokenizer tokenizer, Prompt prompt, TrainOn on) {
    return new DemonstrationSamples(tokenizer, new PromptEncoder(tokenizer, prompt, 500), on);
  }

  private static Demonstration conversation(List<Map<String, Object>> messages) {
    Conversation whole = new Conversation(messages, List.of());
    Task task =
        new Task(
            "c:1",
            "…",
            Optional.empty(),
            List.of(),
            Map.of(),
            Optional.of(whole.first(messages.size() - 1)));
    return new Demonstration(task, "5", Optional.of(whole));
  }

  /** The texts that are learned, pieces that are not left out. */
  private static List<String> learned(TrainingSample sample, Tokenizer tokenizer) {
    List<String> pieces = new ArrayList<>();
    for (int from = 0; from < sample.ids().length; from++) {
      if (sample.trained()[from]) {
        int to = from;
        while (to < sample.ids().length && sample.trained()[to]) {
          to++;
        }
        pieces.add(tokenizer.decode(Arrays.copyOfRange(sample.ids(), from, to)));
        from = to;
      }
    }
    return pieces;
  }

  private static String text(TrainingSample sample, Tokenizer tokenizer) {
    return tokenizer.decode(
        IntStream.concat(Arrays.stream(sample.prompt()), Arrays.stream(sample.ids())).toArray());
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void turnsOfTheAssistantMarkedOrNot(boolean marked) throws IOException {
    try (Tokenizer tokenizer = tokenizer(qwen3(marked))) {
      Demonstration demonstration = conversation(MESSAGES);
      TrainingSample all =
          samples(tokenizer, Prompt.of("chat"), TrainOn.ASSISTANT).of(demonstration, 0);
      // The template takes the first thought out: it is not in the text, so it is not learned.
      assertEquals(
          List.of("2<|im_end|>", "<think>\ntwo\n</think>\n\n5<|im_end|>"), learned(all, tokenizer));
      assertEquals(
          "<|im_start|>user\n1+1?<|im_end|>\n<|im_start|>assistant\n2<|im_end|>\n<|im_start|>user\n"
              + "and 3?<|im_end|>\n<|im_start|>assistant\n<think>\ntwo\n</think>\n\n5<|im_end|>",
          text(all, tokenizer));
      TrainingSample last =
          samples(tokenizer, Prompt.of("chat"), TrainOn.COMPLETION).of(demonstration, 0);
      assertEquals(List.of("<think>\ntwo\n</think>\n\n5<|im_end|>"), learned(last, tokenizer));
      assertEquals(text(all, tokenizer), text(last, tokenizer));
      TrainingSample everything =
          samples(tokenizer, Prompt.of("chat"), TrainOn.EVERYTHING).of(demonstration, 0);
      assertEquals(1, everything.prompt().length);
      assertEquals(text(all, tokenizer) + "\n", text(everything, tokenizer));
      assertEquals(everything.ids().length, everything.trainedTokens());
    }
  }

  @Test
  void aCompletionAfterAChatPrompt() throws IOException {
    try (Tokenizer tokenizer = tokenizer(qwen3(false))) {
      Task task = Task.of("t", "1+1?", "2");
      TrainingSample sample =
          samples(tokenizer, Prompt.of("chat"), TrainOn.COMPLETION)
              .of(new Demonstration(task, "2"), 0);
      assertEquals(
          "<|im_start|>user\n1+1?<|im_end|>\n<|im_start|>assistant\n",
          tokenizer.decode(sample.prompt()));
      assertEquals(List.of("2<|im_end|>"), learned(sample, tokenizer));
    }
    try (Tokenizer tokenizer = tokenizer(null)) {
      // What the prompt says already is not said again.
      TrainingSample sample =
          samples(tokenizer, Prompt.of("r1-zero-opened"), TrainOn.COMPLETION)
              .of(new Demonstration(Task.of("t", "1+1?", "2"), "<think>a</think> 2"), 0);
      assertTrue(tokenizer.decode(sample.prompt()).endsWith("Assistant: <think>"));
      assertEquals(List.of("a</think> 2<|endoftext|>"), learned(sample, tokenizer));
      assertArrayEquals(
          new PromptEncoder(tokenizer, Prompt.of("r1-zero-opened"), 900)
              .ids(Task.of("t", "1+1?", "2")),
          sample.prompt());
    }
  }

  @Test
  void conversationsNeedAChatTemplate() {
    try (Tokenizer tokenizer = tokenizer(null)) {
      String message =
          assertThrows(
                  IllegalArgumentException.class,
                  () ->
                      samples(tokenizer, Prompt.of("plain"), TrainOn.ASSISTANT)
                          .of(conversation(MESSAGES), 0))
              .getMessage();
      assertTrue(message.startsWith("task c:1: the data have conversations"), message);
    }
  }
}
