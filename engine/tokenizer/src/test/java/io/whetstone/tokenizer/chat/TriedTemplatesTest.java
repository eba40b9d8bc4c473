package io.whetstone.tokenizer.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.tokenizer.TokenizerException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * Templates of others, which are not kept here, against what transformers made of them:
 * src/test/python/try_templates.py writes the file for {@code -Dtemplates}.
 */
class TriedTemplatesTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Test
  void renderAsTransformersRendersThem() throws IOException {
    String file = System.getProperty("templates");
    if (file == null) {
      System.out.println(
          "NOT RUN: templates of others: no -Dtemplates=FILE; see"
              + " src/test/python/try_templates.py");
      return;
    }
    List<String> wrong = new ArrayList<>();
    JsonNode cases = JSON.readTree(Path.of(file).toFile());
    for (JsonNode each : cases) {
      String where = each.get("file").asText() + " " + each.get("case").asText();
      String got;
      try {
        got = rendered(each);
      } catch (TokenizerException e) {
        if (!each.has("refused")) {
          wrong.add(where + ": refused: " + e.getMessage());
        }
        continue;
      } catch (RuntimeException e) {
        wrong.add(where + ": " + e);
        continue;
      }
      if (each.has("refused")) {
        wrong.add(where + ": not refused, as it is there: " + each.get("refused").asText());
      } else if (!got.equals(each.get("expected").asText())) {
        wrong.add(where + ": " + difference(each.get("expected").asText(), got));
      }
    }
    System.out.println(cases.size() + " renderings, " + wrong.size() + " differ");
    assertEquals("", String.join("\n", wrong));
  }

  private static String rendered(JsonNode each) {
    ObjectNode conversation = each.get("conversation").deepCopy();
    return ChatTemplate.of(each.get("template").asText(), Map.of(), Clock.systemUTC())
        .render(Conversation.of(conversation, false))
        .text();
  }

  private static String difference(String expected, String got) {
    int at = 0;
    while (at < Math.min(expected.length(), got.length())
        && expected.charAt(at) == got.charAt(at)) {
      at++;
    }
    return "at " + at + ": expected \"" + part(expected, at) + "\", got \"" + part(got, at) + "\"";
  }

  private static String part(String text, int at) {
    return text.substring(Math.max(0, at - 20), Math.min(text.length(), at + 60))
        .replace("\n", "\\n");
  }
}
