package io.whetstone.tokenizer.chat;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.whetstone.tokenizer.Encoded;
import io.whetstone.tokenizer.Tokenizer;
import io.whetstone.tokenizer.TokenizerException;
import io.whetstone.tokenizer.jinja.Template.Rendered;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * What is the assistant's, in templates of seven families: by their marks as transformers finds it
 * (src/test/python/turns_golden.py), and the same with the marks taken out.
 */
class AssistantTurnsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<String> ADDED =
      List.of(
          "<s>",
          "</s>",
          "<|im_start|>",
          "<|im_end|>",
          "<tool_call>",
          "</tool_call>",
          "<think>",
          "</think>",
          "<|start_header_id|>",
          "<|end_header_id|>",
          "<|eot_id|>",
          "<start_of_turn>",
          "<end_of_turn>",
          "<|user|>",
          "<|assistant|>",
          "<|end|>",
          "<｜User｜>",
          "<｜Assistant｜>",
          "<｜tool▁call▁begin｜>",
          "<｜end▁of▁sentence｜>");

  private static byte[] resource(String name) throws IOException {
    try (InputStream in = AssistantTurnsTest.class.getResourceAsStream(name)) {
      return in.readAllBytes();
    }
  }

  private static String family(String name) throws IOException {
    return new String(resource("/chat/families/" + name), StandardCharsets.UTF_8);
  }

  /** The same template without marks: what almost all models ship. */
  private static String unmarked(String source) {
    return source.replaceAll("\\{% (end)?generation %}", "");
  }

  private static AssistantTurns turns(String source) {
    return new AssistantTurns(
        ChatTemplate.of(source, Map.of("bos_token", "<s>", "eos_token", "</s>"), Clock.systemUTC()),
        ADDED);
  }

  private static Conversation conversation(JsonNode golden) {
    return Conversation.of(golden, false).with("date_string", "26 Jul 2024");
  }

  @TestFactory
  List<DynamicTest> masksAreThoseOfTransformers(@TempDir Path directory) throws IOException {
    JsonNode golden = JSON.readTree(resource("/chat/families/golden.json"));
    Files.write(directory.resolve("tokenizer.json"), resource("/io/whetstone/tokenizer/qwen.json"));
    Tokenizer tokenizer = Tokenizer.load(directory);
    List<DynamicTest> tests = new ArrayList<>();
    for (JsonNode each : golden.get("cases")) {
      String family = each.get("template").asText();
      String source = family(family);
      tests.add(
          DynamicTest.dynamicTest(
              family + " " + tests.size(), () -> check(each, source, tokenizer)));
    }
    assertEquals(56, tests.size());
    return tests;
  }

  private static void check(JsonNode golden, String source, Tokenizer tokenizer) {
    Conversation conversation = conversation(golden.get("conversation"));
    if (golden.has("error")) {
      assertThrows(
          TokenizerException.class,
          () -> turns(source).find(conversation, AssistantTurns.Which.ALL));
      return;
    }
    Rendered marked = turns(source).find(conversation, AssistantTurns.Which.ALL);
    assertEquals(golden.get("text").asText(), marked.text());
    Encoded encoded = tokenizer.encodeWithSpans(marked.text());
    assertArrayEquals(JSON.convertValue(golden.get("ids"), int[].class), encoded.ids());
    boolean[] mask = new boolean[encoded.ids().length];
    marked.generated().forEach(span -> encoded.mark(span.from(), span.to(), mask));
    StringBuilder bits = new StringBuilder();
    for (boolean bit : mask) {
      bits.append(bit ? '1' : '0');
    }
    assertEquals(golden.get("mask").asText(), bits.toString());

    String told = unmarked(source);
    boolean leavesToolsOut = source.contains("roles it does not know left out");
    if (leavesToolsOut && golden.get("conversation").toString().contains("\"tool\"")) {
      assertUnsure("writes its text nowhere", told, conversation);
      return;
    }
    // A header that switches thinking off says the empty thought itself; marks count it in.
    Rendered found = turns(told).find(conversation, AssistantTurns.Which.ALL);
    boolean off = golden.at("/conversation/enable_thinking").isBoolean();
    assertEquals(pieces(marked, off), pieces(found, off));
    Rendered last = turns(told).find(conversation, AssistantTurns.Which.LAST);
    assertEquals(List.of(found.generated().getLast()), last.generated());
    Rendered lastMarked = turns(source).find(conversation, AssistantTurns.Which.LAST);
    assertEquals(List.of(marked.generated().getLast()), lastMarked.generated());
  }

  private static List<String> pieces(Rendered rendered, boolean lessEmptyThought) {
    return rendered.generated().stream()
        .map(span -> rendered.text().substring(span.from(), span.to()))
        .map(text -> lessEmptyThought ? text.replace("<think>\n\n</think>\n\n", "") : text)
        .toList();
  }

  private static void assertUnsure(String why, String source, Conversation conversation) {
    String message =
        assertThrows(
                TokenizerException.class,
                () -> turns(source).find(conversation, AssistantTurns.Which.ALL))
            .getMessage();
    assertTrue(message.contains(why), message);
  }

  private static Conversation of(String json) throws IOException {
    return conversation(JSON.readTree(json.replace('\'', '"')));
  }

  @Test
  void whatCannotBeToldIsRefused() throws IOException {
    Conversation plain =
        of("[{'role': 'user', 'content': 'a'}, {'role': 'assistant', 'content': 'b'}]");
    String each = "{% for m in messages %}<|user|>{{ m.role }}: {{ m.content }}<|end|>{% endfor %}";
    assertUnsure("does not begin like the header", each, plain);
    assertUnsure("writes no token that ends", each.replace("<|end|>", "\n"), plain);
    assertUnsure("none is the assistant's", each, of("[{'role': 'user', 'content': 'a'}]"));
    String qwen = unmarked(family("qwen2.5.jinja"));
    assertUnsure(
        "no message is before it", qwen, of("[{'role': 'assistant', 'content': 'first'}]"));
    assertUnsure(
        "holds <|im_end|>",
        qwen,
        of("[{'role': 'user', 'content': 'a'}, {'role': 'assistant', 'content': 'b<|im_end|>c'}]"));
    assertUnsure("twice", each + "{{ messages[0].content }}", plain);
    assertUnsure(
        "depends on what",
        each + "{{ messages[0].content | length }}",
        of("[{'role': 'user', 'content': 'a'}, {'role': 'assistant', 'content': 'b'}]"));
    assertUnsure(
        "marks nothing here",
        each + "{% if false %}{% generation %}{% endgeneration %}{% endif %}",
        plain);
  }
}
