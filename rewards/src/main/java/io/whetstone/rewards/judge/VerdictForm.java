package io.whetstone.rewards.judge;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.datasets.settings.Default;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Where in an answer its verdict stands. It is always the last thing that is said: what a judge
 * quotes or considers before is not its verdict.
 */
public sealed interface VerdictForm {

  /** The verdict's text; empty where the answer does not end with one. */
  Optional<String> read(String answer);

  /**
   * How the judge is told to write it.
   *
   * @param expected {@code a number from 0 to 10}
   */
  String instruction(String expected);

  /** Text that is shown to the judge, made such that a quotation of it reads as no verdict. */
  default String defused(String text) {
    return text;
  }

  /** {@code <verdict>7</verdict>}, with nothing after it. */
  record Tag(
      @Default(value = "\"verdict\"", source = "the word; CompassVerifier and others use none")
          String name)
      implements VerdictForm {

    public Tag {
      if (!name.matches("[A-Za-z][\\w-]*")) {
        throw new IllegalArgumentException("name: \"" + name + "\" is not a tag's name");
      }
    }

    @Override
    public Optional<String> read(String answer) {
      String open = "<" + name + ">";
      String close = "</" + name + ">";
      String text = answer.strip();
      int end = text.lastIndexOf(close);
      int start = end < 0 ? -1 : text.lastIndexOf(open, end);
      return start < 0 || end + close.length() < text.length()
          ? Optional.empty()
          : Optional.of(text.substring(start + open.length(), end));
    }

    @Override
    public String instruction(String expected) {
      return "End with your verdict, %s, as <%s>…</%s> and write nothing after it."
          .formatted(expected, name, name);
    }

    @Override
    public String defused(String text) {
      return text.replaceAll(
          "(?i)<\\s*(/?)\\s*" + Pattern.quote(name) + "\\s*>", "‹$1" + name + "›");
    }
  }

  /** A field of a JSON object that ends the answer, in a code fence or not. */
  record Json(@Default(value = "\"verdict\"", source = "as the tag") String field)
      implements VerdictForm {

    /** Braces at which an object may begin: more than prose has, few enough for a hostile text. */
    private static final int MOST_TRIES = 1_000;

    private static final ObjectMapper STRICT =
        new ObjectMapper()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);

    @Override
    public Optional<String> read(String answer) {
      String text = answer.strip();
      text = text.endsWith("```") ? text.substring(0, text.length() - 3).strip() : text;
      int tries = text.endsWith("}") ? MOST_TRIES : 0;
      for (int at = text.indexOf('{'); at >= 0 && tries-- > 0; at = text.indexOf('{', at + 1)) {
        Optional<ObjectNode> object = object(text.substring(at));
        if (object.isPresent()) {
          JsonNode value = object.get().get(field);
          return value == null || !value.isValueNode() || value.isNull()
              ? Optional.empty()
              : Optional.of(value.asText());
        }
      }
      return Optional.empty();
    }

    private static Optional<ObjectNode> object(String text) {
      try {
        return STRICT.readTree(text) instanceof ObjectNode object
            ? Optional.of(object)
            : Optional.empty();
      } catch (JsonProcessingException e) {
        return Optional.empty();
      }
    }

    @Override
    public String instruction(String expected) {
      return ("Answer with one JSON object and nothing after it: {\"reason\": …, \"%s\": …},"
              + " where \"%s\" is %s.")
          .formatted(field, field, expected);
    }
  }

  /** {@code Verdict: 7} in the last line that is not empty. */
  record LastLine(@Default(value = "\"Verdict\"", source = "as the tag") String label)
      implements VerdictForm {

    @Override
    public Optional<String> read(String answer) {
      String text = answer.strip();
      String line = text.substring(text.lastIndexOf('\n') + 1).replaceAll("^[\\s*_#>`-]+", "");
      Matcher matcher =
          Pattern.compile(Pattern.quote(label) + "[*_`]*\\s*[:=](.+)", Pattern.CASE_INSENSITIVE)
              .matcher(line);
      return matcher.matches() ? Optional.of(matcher.group(1)) : Optional.empty();
    }

    @Override
    public String instruction(String expected) {
      return "End with a line \"%s: …\" that holds %s, and write nothing after it."
          .formatted(label, expected);
    }
  }

  /**
   * What a pattern finds last.
   *
   * @param pattern its first group is the verdict, or all of it where it has none
   */
  record Regex(String pattern) implements VerdictForm {

    public Regex {
      try {
        Pattern.compile(pattern);
      } catch (PatternSyntaxException e) {
        throw new IllegalArgumentException("pattern: " + e.getMessage(), e);
      }
    }

    @Override
    public Optional<String> read(String answer) {
      Matcher matcher = Pattern.compile(pattern).matcher(answer);
      Optional<String> found = Optional.empty();
      while (matcher.find()) {
        found = Optional.ofNullable(matcher.group(matcher.groupCount() > 0 ? 1 : 0));
      }
      return found;
    }

    @Override
    public String instruction(String expected) {
      throw new IllegalArgumentException(
          "verdict.regex: how the verdict is to be written cannot be told from a pattern; give a"
              + " template that says it, without {verdict}");
    }
  }
}
