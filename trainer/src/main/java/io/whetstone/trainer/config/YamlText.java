package io.whetstone.trainer.config;

import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** Writes maps, lists and scalars as YAML that {@link YamlTree} reads back to equal ones. */
final class YamlText {
  private final StringBuilder text = new StringBuilder();

  private YamlText() {}

  static String of(Map<String, ?> root) {
    YamlText writer = new YamlText();
    writer.map(root, 0);
    return writer.text.toString();
  }

  /** Writes the entries; the first one where the text stands, the others on lines of their own. */
  private void map(Map<?, ?> map, int indent) {
    Iterator<? extends Map.Entry<?, ?>> entries = map.entrySet().iterator();
    while (entries.hasNext()) {
      Map.Entry<?, ?> entry = entries.next();
      text.append(scalar(entry.getKey())).append(':');
      Object value = entry.getValue();
      if (value instanceof Map<?, ?> inner && !inner.isEmpty()) {
        newLine(indent + 2);
        map(inner, indent + 2);
      } else if (value instanceof List<?> list && list.stream().anyMatch(Map.class::isInstance)) {
        for (Object item : list) {
          newLine(indent + 2);
          text.append("- ");
          item(item, indent + 4);
        }
        text.append(list.isEmpty() ? " []\n" : "");
      } else {
        text.append(' ').append(flow(value)).append('\n');
      }
      if (entries.hasNext()) {
        text.append(" ".repeat(indent));
      }
    }
  }

  private void item(Object item, int indent) {
    if (item instanceof Map<?, ?> map && !map.isEmpty()) {
      map(map, indent);
    } else {
      text.append(flow(item)).append('\n');
    }
  }

  private void newLine(int indent) {
    if (text.charAt(text.length() - 1) != '\n') {
      text.append('\n');
    }
    text.append(" ".repeat(indent));
  }

  private static String flow(Object value) {
    return switch (value) {
      case Map<?, ?> map ->
          "{"
              + String.join(
                  ", ",
                  map.entrySet().stream()
                      .map(e -> scalar(e.getKey()) + ": " + flow(e.getValue()))
                      .toList())
              + "}";
      case List<?> list ->
          "[" + String.join(", ", list.stream().map(YamlText::flow).toList()) + "]";
      case null -> "null";
      default -> scalar(value);
    };
  }

  private static String scalar(Object value) {
    if (value instanceof Double number) {
      return number.isNaN()
          ? ".nan"
          : number.isInfinite() ? (number > 0 ? ".inf" : "-.inf") : number.toString();
    }
    if (value instanceof Number || value instanceof Boolean) {
      return value.toString();
    }
    String string = value.toString();
    boolean plain =
        string.matches("[A-Za-z/][A-Za-z0-9_./-]*") && YamlTree.plain(string) instanceof String;
    return plain ? string : quoted(string);
  }

  private static String quoted(String string) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < string.length(); i++) {
      char c = string.charAt(i);
      switch (c) {
        case '"' -> quoted.append("\\\"");
        case '\\' -> quoted.append("\\\\");
        case '\n' -> quoted.append("\\n");
        case '\t' -> quoted.append("\\t");
        case '\r' -> quoted.append("\\r");
        default -> {
          if (c < 0x20
              || c == 0x7f
              || c == 0x85
              || c == 0xa0
              || c == 0x2028
              || c == 0x2029
              || c == 0xfeff) {
            quoted.append(String.format("\\u%04x", (int) c));
          } else {
            quoted.append(c);
          }
        }
      }
    }
    return quoted.append('"').toString();
  }
}
