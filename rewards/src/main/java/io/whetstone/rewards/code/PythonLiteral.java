package io.whetstone.rewards.code;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;

/** Writes JSON values as Python expressions, so that reading them needs no module. */
final class PythonLiteral {

  private final StringBuilder text = new StringBuilder();

  private PythonLiteral() {}

  static String of(JsonNode node) {
    PythonLiteral literal = new PythonLiteral();
    literal.add(node);
    return literal.text.toString();
  }

  static String of(String string) {
    PythonLiteral literal = new PythonLiteral();
    literal.add(string);
    return literal.text.toString();
  }

  private void add(JsonNode node) {
    switch (node.getNodeType()) {
      case NULL, MISSING -> text.append("None");
      case BOOLEAN -> text.append(node.booleanValue() ? "True" : "False");
      case NUMBER -> text.append(number(node));
      case STRING -> add(node.textValue());
      case ARRAY -> {
        text.append('[');
        for (JsonNode element : node) {
          add(element);
          text.append(',');
        }
        text.append(']');
      }
      case OBJECT -> {
        text.append('{');
        for (Map.Entry<String, JsonNode> entry : node.properties()) {
          add(entry.getKey());
          text.append(':');
          add(entry.getValue());
          text.append(',');
        }
        text.append('}');
      }
      default -> throw new IllegalArgumentException(node.getNodeType() + " is not JSON");
    }
  }

  /** In brackets, so that a sign stays with its number; 1E+2 is a float, and stays one. */
  private static String number(JsonNode node) {
    if (node.isIntegralNumber()) {
      return "(" + node.asText() + ")";
    }
    String digits = node.decimalValue().toString();
    return "(" + (digits.matches("-?\\d+") ? digits + ".0" : digits) + ")";
  }

  private void add(String string) {
    text.append('"');
    for (int i = 0; i < string.length(); i++) {
      char c = string.charAt(i);
      boolean pair =
          Character.isHighSurrogate(c)
              && i + 1 < string.length()
              && Character.isLowSurrogate(string.charAt(i + 1));
      if (pair) {
        text.append(c).append(string.charAt(++i));
      } else if (c == '"' || c == '\\') {
        text.append('\\').append(c);
      } else if (c < ' ' || Character.isSurrogate(c)) {
        text.append("\\u%04x".formatted((int) c));
      } else {
        text.append(c);
      }
    }
    text.append('"');
  }
}
