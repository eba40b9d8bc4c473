package io.whetstone.trainer.rollout;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.datasets.Task;
import io.whetstone.datasets.settings.Settings;
import io.whetstone.rewards.Candidate;
import io.whetstone.rewards.FormatProvider;
import io.whetstone.rewards.Group;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.tokenizer.TokenizerBuilder;
import io.whetstone.trainer.config.Prompt;
import io.whetstone.trainer.config.ShippedTemplate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the model reads, and what of it counts as the answer's beginning. */
class PromptFormTest {
  private static final Path FAMILIES =
      Path.of("../engine/tokenizer/src/test/resources/chat/families");
  private static final Task TASK = Task.of("t", "1+1?", "2");

  @TempDir Path directory;

  private static Prompt prompt(Object settings) {
    return Settings.read(Map.of("prompt-template", settings), Wrapped.class, "").promptTemplate();
  }

  /** As an experiment holds it. */
  private record Wrapped(Prompt promptTemplate) {}

  private Tokenizer tokenizer(String family) throws IOException {
    try (Tokenizer made =
        TokenizerBuilder.bytes()
            .tags(List.of("<think>", "</think>", "<|im_start|>", "<|im_end|>", "<s>"))
            .endOfSequence("<|end|>")
            .build()) {
      made.save(directory);
    }
    if (family != null) {
      Files.copy(FAMILIES.resolve(family), directory.resolve("chat_template.jinja"));
    }
    return Tokenizer.load(directory);
  }

  private static double format(String prefix, String completion) {
    Group group =
        new Group(
            TASK, prefix, List.of(new Candidate(completion, new int[] {1}, "end-of-sequence")));
    try {
      return new FormatProvider().create(Map.of()).score(group).getFirst().value().orElseThrow();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void textsNamesAndTheModelsOwn() throws IOException {
    try (Tokenizer plain = tokenizer(null)) {
      assertEquals("1+1?", PromptForm.of(prompt(Map.of()), plain).render(TASK).text());
      assertEquals(
          "Q: 1+1? A:", PromptForm.of(prompt("Q: {prompt} A:"), plain).render(TASK).text());
      assertEquals(
          "Question: 1+1?\nAnswer:",
          PromptForm.of(prompt("question-answer"), plain).render(TASK).text());
      String r1 = PromptForm.of(prompt("r1-zero"), plain).render(TASK).text();
      assertTrue(r1.startsWith("A conversation between User and Assistant. The user asks"), r1);
      assertTrue(r1.endsWith("</answer>. User: 1+1?. Assistant:"), r1);
      RenderedPrompt opened = PromptForm.of(prompt("r1-zero-opened"), plain).render(TASK);
      assertTrue(opened.text().endsWith("\nUser: 1+1?\nAssistant: <think>"), opened.text());
      assertEquals("<think>", opened.assistantPrefix());
      assertEquals(1, format(opened.assistantPrefix(), " so </think> <answer>2</answer>"));
      assertEquals(0, format("", " so </think> <answer>2</answer>"));
      assertEquals(
          "1+1?<think>\n",
          PromptForm.of(prompt(Map.of("template", "plain", "assistant-prefix", "<think>\n")), plain)
              .render(TASK)
              .text());
      for (ShippedTemplate shipped : ShippedTemplate.values()) {
        assertTrue(shipped.text().contains(ShippedTemplate.SLOT), shipped.name());
      }
    }
  }

  @Test
  void qwenThinksOrIsToldNotTo() throws IOException {
    try (Tokenizer qwen = tokenizer("qwen3.jinja")) {
      RenderedPrompt thinks =
          PromptForm.of(prompt(Map.of("system", "Be brief.")), qwen).render(TASK);
      assertEquals(
          "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n1+1?<|im_end|>\n"
              + "<|im_start|>assistant\n",
          thinks.text());
      assertEquals("", thinks.assistantPrefix());
      PromptForm off = PromptForm.of(prompt(Map.of("enable-thinking", false)), qwen);
      assertEquals("<think>\n\n</think>\n\n", off.render(TASK).assistantPrefix());
      assertEquals("<|im_end|>", off.endOfAnswer());
      // The thought is there, and empty: nothing that a format reward should pay for.
      assertEquals(0, format(off.render(TASK).assistantPrefix(), "<answer>2</answer>"));
      assertEquals(
          "",
          new ThoughtMeter(
                  qwen, new PromptEncoder(qwen, prompt(Map.of("enable-thinking", false)), 99))
              .thought(off.render(TASK).assistantPrefix(), "2"));
    }
  }

  @Test
  void aTemplateThatOpensTheThought() throws IOException {
    try (Tokenizer deepseek = tokenizer("deepseek-r1.jinja")) {
      RenderedPrompt rendered = PromptForm.of(prompt("chat"), deepseek).render(TASK);
      assertTrue(rendered.text().endsWith("1+1?<｜Assistant｜><think>\n"), rendered.text());
      assertEquals("<think>\n", rendered.assistantPrefix());
      assertEquals(1, format(rendered.assistantPrefix(), "so\n</think>\n<answer>2</answer>"));
    }
  }

  @Test
  void aTextIsBegunAsTheTokenizerBeginsTexts() throws IOException {
    tokenizer(null).close();
    Path file = directory.resolve("tokenizer.json");
    String begun =
        """
        "post_processor": {"type": "TemplateProcessing",
          "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
          "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
          "special_tokens": {"<s>": {"id": "<s>", "ids": [260], "tokens": ["<s>"]}}}\
        """;
    Files.writeString(
        file, Files.readString(file).replaceFirst("\"post_processor\" ?: ?null", begun));
    try (Tokenizer llama = Tokenizer.load(directory)) {
      int bos = llama.id("<s>").orElseThrow();
      assertArrayEquals(new int[] {bos}, llama.leading());
      assertArrayEquals(
          new int[] {bos, 'a', 'b'},
          new PromptEncoder(llama, prompt("plain"), 9).encode(Task.of("t", "ab", "c"), 1));
    }
  }

  @Test
  void whatCannotBeUsedIsRefused() throws IOException {
    try (Tokenizer plain = tokenizer(null)) {
      assertRefused("has no chat template", () -> PromptForm.of(prompt("chat"), plain));
      assertRefused(
          "has no chat template", () -> PromptForm.of(prompt(Map.of("system", "x")), plain));
    }
    assertRefused("did you mean r1-zero", () -> prompt("r1-zer"));
    assertRefused("{prompt} does not occur", () -> prompt("Question: "));
    assertRefused(
        "system: is only for template: chat",
        () -> prompt(Map.of("template", "plain", "system", "x")));
  }

  private static void assertRefused(String why, org.junit.jupiter.api.function.Executable run) {
    String message = assertThrows(IllegalArgumentException.class, run).getMessage();
    assertTrue(message.contains(why), message);
  }
}
