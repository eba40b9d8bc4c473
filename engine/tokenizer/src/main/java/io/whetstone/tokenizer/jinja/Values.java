package io.whetstone.tokenizer.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Python's view of values: truth, text, equality, order, length. */
final class Values {
  private Values() {}

  static boolean truth(Object value) {
    return switch (value) {
      case null -> false;
      case Undefined _ -> false;
      case Boolean flag -> flag;
      case Long number -> number != 0;
      case BigInteger number -> number.signum() != 0;
      case Double number -> number != 0;
      case String text -> !text.isEmpty();
      case List<?> list -> !list.isEmpty();
      case Map<?, ?> map -> !map.isEmpty();
      default -> true;
    };
  }

  /** As Python names the value's type. */
  static String type(Object value) {
    return switch (value) {
      case null -> "None";
      case Undefined _ -> "undefined";
      case Boolean _ -> "bool";
      case Long _, BigInteger _ -> "int";
      case Double _ -> "float";
      case String _ -> "str";
      case Tuple _ -> "tuple";
      case List<?> _ -> "list";
      case Map<?, ?> _ -> "dict";
      default -> value.getClass().getSimpleName().toLowerCase(java.util.Locale.ROOT);
    };
  }

  /** What {@code {{ value }}} prints. */
  static String text(Object value) {
    return value instanceof String string
        ? string
        : value instanceof Undefined ? "" : representation(value);
  }

  /** Python's repr. */
  static String representation(Object value) {
    return switch (value) {
      case null -> "None";
      case Undefined _ -> "Undefined";
      case Boolean flag -> flag ? "True" : "False";
      case Double number -> Numbers.text(number);
      case String string -> quoted(string);
      case Tuple tuple -> tupleText(tuple);
      case List<?> list ->
          "[" + String.join(", ", list.stream().map(Values::representation).toList()) + "]";
      case Map<?, ?> map -> mapText(map);
      default -> value.toString();
    };
  }

  private static String tupleText(Tuple tuple) {
    String inner = String.join(", ", tuple.stream().map(Values::representation).toList());
    return "(" + inner + (tuple.size() == 1 ? ",)" : ")");
  }

  private static String mapText(Map<?, ?> map) {
    List<String> entries = new ArrayList<>();
    map.forEach((key, value) -> entries.add(representation(key) + ": " + representation(value)));
    return "{" + String.join(", ", entries) + "}";
  }

  private static String quoted(String text) {
    char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
    StringBuilder quoted = new StringBuilder().append(quote);
    text.codePoints()
        .forEach(
            c -> {
              switch (c) {
                case '\n' -> quoted.append("\\n");
                case '\r' -> quoted.append("\\r");
                case '\t' -> quoted.append("\\t");
                case '\\' -> quoted.append("\\\\");
                default -> {
                  if (c == quote) {
                    quoted.append('\\').append(quote);
                  } else if (printable(c)) {
                    quoted.appendCodePoint(c);
                  } else {
                    quoted.append(
                        c < 0x100
                            ? "\\x%02x".formatted(c)
                            : c < 0x10000 ? "\\u%04x".formatted(c) : "\\U%08x".formatted(c));
                  }
                }
              }
            });
    return quoted.append(quote).toString();
  }

  private static boolean printable(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      case Character.SPACE_SEPARATOR -> c == ' ';
      default -> true;
    };
  }

  static boolean equal(Object left, Object right) {
    if (Numbers.isNumber(left) && Numbers.isNumber(right)) {
      return Numbers.compare(left, right) == 0 && !isNan(left) && !isNan(right);
    }
    if (left instanceof List<?> a && right instanceof List<?> b) {
      return left instanceof Tuple == right instanceof Tuple && equalItems(a, b);
    }
    if (left instanceof Map<?, ?> a && right instanceof Map<?, ?> b) {
      return a.size() == b.size()
          && a.entrySet().stream()
              .allMatch(e -> b.containsKey(e.getKey()) && equal(e.getValue(), b.get(e.getKey())));
    }
    return Objects.equals(left, right);
  }

  private static boolean isNan(Object value) {
    return value instanceof Double number && number.isNaN();
  }

  private static boolean equalItems(List<?> a, List<?> b) {
    if (a.size() != b.size()) {
      return false;
    }
    for (int i = 0; i < a.size(); i++) {
      if (!equal(a.get(i), b.get(i))) {
        return false;
      }
    }
    return true;
  }

  /** Order of numbers, strings (by code point) or lists. */
  static int compare(Object left, Object right, int line) {
    if (Numbers.isNumber(left) && Numbers.isNumber(right)) {
      return Numbers.compare(left, right);
    }
    if (left instanceof String a && right instanceof String b) {
      return java.util.Arrays.compare(a.codePoints().toArray(), b.codePoints().toArray());
    }
    if (left instanceof List<?> a && right instanceof List<?> b) {
      for (int i = 0; i < Math.min(a.size(), b.size()); i++) {
        if (!equal(a.get(i), b.get(i))) {
          return compare(a.get(i), b.get(i), line);
        }
      }
      return Integer.compare(a.size(), b.size());
    }
    throw new TemplateException(
        line, type(left) + " and " + type(right) + " have no order" + reason(left, right));
  }

  /** What an undefined value among operands was to be. */
  static String reason(Object... operands) {
    for (Object operand : operands) {
      if (operand instanceof Undefined undefined) {
        return ": " + undefined.what();
      }
    }
    return "";
  }

  static boolean contains(Object container, Object item, int line) {
    return switch (container) {
      case String text when item instanceof String part -> text.contains(part);
      case List<?> list -> list.stream().anyMatch(each -> equal(each, item));
      case Map<?, ?> map -> map.containsKey(item);
      case Undefined _ -> false;
      case null, default ->
          throw new TemplateException(
              line, type(item) + " in " + type(container) + ": there is nothing to look in");
    };
  }

  /** The items that a loop over the value sees. */
  static List<Object> items(Object value, int line) {
    return switch (value) {
      case Undefined _ -> List.of();
      case String text -> text.codePoints().<Object>mapToObj(Character::toString).toList();
      case Tuple tuple -> tuple;
      case List<?> list -> Collections.unmodifiableList(list);
      case Map<?, ?> map -> new ArrayList<>(map.keySet());
      case null, default ->
          throw new TemplateException(line, type(value) + " has no items to go through");
    };
  }

  /** Whether {@link #items} would answer. */
  static boolean iterable(Object value) {
    return value instanceof String
        || value instanceof List
        || value instanceof Map
        || value instanceof Undefined;
  }

  static long length(Object value, int line) {
    return switch (value) {
      case Undefined _ -> 0;
      case String text -> text.codePointCount(0, text.length());
      case List<?> list -> list.size();
      case Map<?, ?> map -> map.size();
      case null, default -> throw new TemplateException(line, type(value) + " has no length");
    };
  }
}
