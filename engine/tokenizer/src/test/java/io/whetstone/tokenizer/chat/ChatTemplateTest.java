package io.whetstone.tokenizer.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.whetstone.tokenizer.TokenizerException;
import io.whetstone.tokenizer.jinja.Template;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Conversations as transformers renders them (src/test/python/chat_golden.py), and bad templates.
 */
class ChatTemplateTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2024-07-05T13:04:09Z"), ZoneOffset.UTC);

  @TestFactory
  List<DynamicTest> conversations() throws IOException {
    JsonNode golden = JSON.readTree(resource("golden.json"));
    @SuppressWarnings("unchecked") // an object
    Map<String, Object> special = (Map<String, Object>) JsonValues.of(golden.get("special"));
    List<DynamicTest> tests = new ArrayList<>();
    for (JsonNode each : golden.get("cases")) {
      String template = each.get("template").asText();
      String source = resource(template);
      tests.add(
          DynamicTest.dynamicTest(
              template + " " + tests.size(), () -> check(each, source, special)));
    }
    assertTrue(tests.size() > 20);
    return tests;
  }

  private static void check(JsonNode golden, String source, Map<String, Object> special) {
    ChatTemplate template = ChatTemplate.of(source, special, CLOCK);
    Conversation conversation = Conversation.of(golden.get("conversation"), false);
    if (golden.has("expected")) {
      assertEquals(golden.get("expected").asText(), template.render(conversation).text());
    } else {
      assertThrows(TokenizerException.class, () -> template.render(conversation));
    }
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = ChatTemplateTest.class.getResourceAsStream("/chat/" + name)) {
      return new String(in.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    }
  }

  private static Conversation hi() throws IOException {
    return Conversation.of(JSON.readTree("[{\"role\": \"user\", \"content\": \"hi\"}]"), true);
  }

  private static String render(String source) throws IOException {
    return ChatTemplate.of(source, Map.of(), CLOCK).render(hi()).text();
  }

  @Test
  void marksSayWhatTheModelWrote() throws IOException {
    String source =
        "{% for m in messages %}<{{ m.role }}>{% if m.role == 'assistant' %}{% generation %}{{"
            + " m.content }}!{% endgeneration %}{% else %}{{ m.content }}{% endif %}{% endfor %}";
    Conversation turns =
        Conversation.of(
            JSON.readTree(
                "[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":\"bc\"},"
                    + "{\"role\":\"user\",\"content\":\"d\"},{\"role\":\"assistant\",\"content\":\"e\"}]"),
            false);
    Template.Rendered rendered = ChatTemplate.of(source, Map.of(), CLOCK).render(turns);
    List<String> marked =
        rendered.generated().stream()
            .map(span -> rendered.text().substring(span.from(), span.to()))
            .toList();
    assertEquals(List.of("bc!", "e!"), marked);
  }

  @Test
  void theClockIsTheOneGiven() throws IOException {
    assertEquals(
        "05 Jul 2024|5/7/24|Friday Fri July|13:04:09 PM|187|2024-07-05|%",
        render("{{ strftime_now('%d %b %Y|%-d/%-m/%y|%A %a %B|%H:%M:%S %p|%j|%F|%%') }}"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% set ns = namespace(s='ab') %}{% for i in range(99999) %}{% set ns.s = ns.s + ns.s %}{%"
            + " endfor %}",
        "{{ 'x' * 1000000000 }}",
        "{{ 9 ** 99999 }}",
        "{% for x in [messages] recursive %}{{ loop([x]) }}{% endfor %}",
        "{{ '%9999s' % 'x' * 99999 }}"
      })
  void whatWouldNeverEndIsStopped(String source) {
    assertTimeoutPreemptively(
        Duration.ofSeconds(60), () -> assertThrows(TokenizerException.class, () -> render(source)));
  }

  @Test
  void deepNestingIsRefused() {
    for (String source :
        List.of(
            "{{ " + "(".repeat(100_000) + "1" + ")".repeat(100_000) + " }}",
            "{{ " + "[".repeat(5_000) + " }}",
            "{{ " + "not ".repeat(100_000) + "1 }}",
            "{{ " + "-".repeat(100_000) + "1 }}",
            "{% if 1 %}".repeat(100_000))) {
      assertThrows(TokenizerException.class, () -> render(source));
    }
  }

  @Test
  void messagesSayWhatIsWrong() throws IOException {
    for (String json :
        List.of(
            "[]",
            "{}",
            "3",
            "[1]",
            "[{\"content\": \"x\"}]",
            "{\"messages\": [{\"role\": \"user\"}], \"tools\": 1}",
            "{\"messages\": [{\"role\": \"user\"}], \"add_generation_prompt\": 1}",
            "{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}], \"add_generation_prompt\":"
                + " true, \"continue_final_message\": true}")) {
      JsonNode node = JSON.readTree(json);
      assertThrows(TokenizerException.class, () -> Conversation.of(node, false), json);
    }
  }

  @Test
  void aDirectoryMayHaveNoneOneOrSeveral(@TempDir Path directory) throws IOException {
    assertTrue(ChatTemplate.load(directory).isEmpty());
    Files.writeString(
        directory.resolve("tokenizer_config.json"),
        "{\"bos_token\": {\"content\": \"<b>\"}, \"chat_template\": ["
            + "{\"name\": \"default\", \"template\": \"{{ bos_token }}plain\"},"
            + "{\"name\": \"tool_use\", \"template\": \"tools\"}]}");
    ChatTemplate several = ChatTemplate.load(directory).orElseThrow();
    assertEquals("<b>plain", several.render(hi()).text());
    Conversation tools =
        Conversation.of(
            JSON.readTree("{\"messages\": [{\"role\": \"user\"}], \"tools\": []}"), true);
    assertEquals("tools", several.render(tools).text());
    Files.writeString(directory.resolve("chat_template.jinja"), "own");
    assertEquals("own", ChatTemplate.load(directory).orElseThrow().render(hi()).text());
  }
}
