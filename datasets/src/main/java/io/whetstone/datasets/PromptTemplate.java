package io.whetstone.datasets;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Text with fields in braces: {@code Q: {question} A:}. Text without braces is the name of one
 * field. {@code {{} and {@code }}} stand for single braces.
 */
final class PromptTemplate {

  private sealed interface Part {}

  private record Literal(String text) implements Part {}

  private record Field(String name) implements Part {}

  private final List<Part> parts;

  private PromptTemplate(List<Part> parts) {
    this.parts = List.copyOf(parts);
  }

  /**
   * @throws IllegalArgumentException if a brace is not closed or a name is empty
   */
  static PromptTemplate parse(String text) {
    if (text.indexOf('{') < 0 && text.indexOf('}') < 0) {
      if (text.isBlank()) {
        throw new IllegalArgumentException("prompt: \"\" is not a field or a template");
      }
      return new PromptTemplate(List.of(new Field(text)));
    }
    List<Part> parts = new ArrayList<>();
    StringBuilder literal = new StringBuilder();
    int at = 0;
    while (at < text.length()) {
      char c = text.charAt(at);
      if ((c == '{' || c == '}') && at + 1 < text.length() && text.charAt(at + 1) == c) {
        literal.append(c);
        at += 2;
      } else if (c == '{') {
        int end = text.indexOf('}', at);
        String name = end < 0 ? "" : text.substring(at + 1, end);
        if (name.isBlank() || name.indexOf('{') >= 0) {
          throw broken(text, at);
        }
        parts.add(new Literal(literal.toString()));
        literal.setLength(0);
        parts.add(new Field(name));
        at = end + 1;
      } else if (c == '}') {
        throw broken(text, at);
      } else {
        literal.append(c);
        at++;
      }
    }
    parts.add(new Literal(literal.toString()));
    if (parts.size() == 1) {
      throw new IllegalArgumentException(
          "prompt: \"" + text + "\" names no field; expected one in braces, as in {question}");
    }
    return new PromptTemplate(parts);
  }

  private static IllegalArgumentException broken(String text, int at) {
    return new IllegalArgumentException(
        "prompt: \"%s\" has a brace at character %d that is not part of {field}; write {{ or }} for"
                .formatted(text, at + 1)
            + " a brace");
  }

  /** The text with each field replaced by its value. */
  String fill(Function<String, String> value) {
    StringBuilder text = new StringBuilder();
    for (Part part : parts) {
      switch (part) {
        case Literal literal -> text.append(literal.text);
        case Field field -> text.append(value.apply(field.name));
      }
    }
    return text.toString();
  }
}
