package io.whetstone.tokenizer.jinja;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.whetstone.tokenizer.chat.JsonValues;
import java.io.IOException;
import java.io.InputStream;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Snippets rendered as transformers' environment renders them (src/test/python/jinja_golden.py).
 */
class GoldenTemplateTest {
  @TestFactory
  List<DynamicTest> snippets() throws IOException {
    JsonNode golden;
    try (InputStream in = GoldenTemplateTest.class.getResourceAsStream("/jinja/golden.json")) {
      golden = new ObjectMapper().readTree(in);
    }
    @SuppressWarnings("unchecked") // the file's variables are an object
    Map<String, Object> variables = (Map<String, Object>) JsonValues.of(golden.get("variables"));
    List<DynamicTest> tests = new ArrayList<>();
    for (JsonNode each : golden.get("cases")) {
      String source = each.get("template").asText();
      String name = tests.size() + " " + source.strip().lines().findFirst().orElse("");
      tests.add(DynamicTest.dynamicTest(name, () -> check(each, source, variables)));
    }
    assertTrue(tests.size() > 80);
    return tests;
  }

  private static void check(JsonNode golden, String source, Map<String, Object> variables) {
    if (golden.has("expected")) {
      assertEquals(golden.get("expected").asText(), render(source, variables));
    } else {
      assertThrows(TemplateException.class, () -> render(source, variables), source);
    }
  }

  private static String render(String source, Map<String, Object> variables) {
    return Template.of(source).render(variables, Clock.systemUTC()).text();
  }
}
