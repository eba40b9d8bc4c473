package io.whetstone.tokenizer.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Writes JSON as Python's {@code json.dumps} with {@code ensure_ascii=False} does. */
final class JsonText {
  private final String itemSeparator;
  private final String keySeparator;
  private final String indent;
  private final boolean sorted;
  private final int line;
  private final StringBuilder text = new StringBuilder();

  private JsonText(
      String itemSeparator, String keySeparator, String indent, boolean sorted, int line) {
    this.itemSeparator = itemSeparator;
    this.keySeparator = keySeparator;
    this.indent = indent;
    this.sorted = sorted;
    this.line = line;
  }

  /** The filter {@code tojson(ensure_ascii, indent, separators, sort_keys)} of transformers. */
  static String of(Object value, Callable.Passed arguments) {
    arguments.atMost("tojson", 4, "ensure_ascii", "indent", "separators", "sort_keys");
    Object indent = arguments.get(1, "indent", null);
    Object separators = arguments.get(2, "separators", null);
    boolean ascii = Values.truth(arguments.get(0, "ensure_ascii", false));
    String item = indent == null ? ", " : ",";
    String key = ": ";
    if (separators instanceof List<?> both && both.size() == 2) {
      item = Values.text(both.get(0));
      key = Values.text(both.get(1));
    }
    JsonText writer =
        new JsonText(
            item,
            key,
            indent == null
                ? null
                : indent instanceof String spaces
                    ? spaces
                    : " ".repeat(Math.clamp(Numbers.big(indent).longValue(), 0, 64)),
            Values.truth(arguments.get(3, "sort_keys", false)),
            arguments.line());
    writer.write(value, 0);
    return ascii ? ascii(writer.text) : writer.text.toString();
  }

  private static String ascii(CharSequence text) {
    StringBuilder escaped = new StringBuilder();
    text.chars()
        .forEach(c -> escaped.append(c < 0x80 ? String.valueOf((char) c) : "\\u%04x".formatted(c)));
    return escaped.toString();
  }

  private void write(Object value, int depth) {
    switch (value) {
      case null -> text.append("null");
      case Boolean flag -> text.append(flag);
      case Double number ->
          text.append(
              Double.isNaN(number)
                  ? "NaN"
                  : Double.isInfinite(number)
                      ? (number > 0 ? "Infinity" : "-Infinity")
                      : Numbers.text(number));
      case Number number -> text.append(number);
      case String string -> string(string);
      case Map<?, ?> map -> map(map, depth);
      case List<?> list -> list(list, depth);
      default ->
          throw new TemplateException(
              line, "tojson: " + Values.type(value) + " is not JSON" + Values.reason(value));
    }
  }

  private void string(String string) {
    text.append('"');
    for (int i = 0; i < string.length(); i++) {
      char c = string.charAt(i);
      switch (c) {
        case '"' -> text.append("\\\"");
        case '\\' -> text.append("\\\\");
        case '\n' -> text.append("\\n");
        case '\r' -> text.append("\\r");
        case '\t' -> text.append("\\t");
        case '\b' -> text.append("\\b");
        case '\f' -> text.append("\\f");
        default -> text.append(c < 0x20 ? "\\u%04x".formatted((int) c) : String.valueOf(c));
      }
    }
    text.append('"');
  }

  private void map(Map<?, ?> map, int depth) {
    if (map.isEmpty()) {
      text.append("{}");
      return;
    }
    Map<String, Object> named = sorted ? new TreeMap<>() : new java.util.LinkedHashMap<>();
    map.forEach((key, value) -> named.put(key(key), value));
    text.append('{');
    Iterator<Map.Entry<String, Object>> entries = named.entrySet().iterator();
    while (entries.hasNext()) {
      Map.Entry<String, Object> entry = entries.next();
      newLine(depth + 1);
      string(entry.getKey());
      text.append(keySeparator);
      write(entry.getValue(), depth + 1);
      text.append(entries.hasNext() ? itemSeparator : "");
    }
    newLine(depth);
    text.append('}');
  }

  private static String key(Object key) {
    return key == null ? "null" : key instanceof Boolean flag ? flag.toString() : Values.text(key);
  }

  private void list(List<?> list, int depth) {
    if (list.isEmpty()) {
      text.append("[]");
      return;
    }
    text.append('[');
    List<?> items = new ArrayList<>(list);
    for (int i = 0; i < items.size(); i++) {
      newLine(depth + 1);
      write(items.get(i), depth + 1);
      text.append(i + 1 < items.size() ? itemSeparator : "");
    }
    newLine(depth);
    text.append(']');
  }

  private void newLine(int depth) {
    if (indent != null) {
      text.append('\n').append(indent.repeat(depth));
    }
  }
}
