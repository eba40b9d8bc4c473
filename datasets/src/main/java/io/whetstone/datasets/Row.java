package io.whetstone.datasets;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Iterator;
import java.util.Locale;
import java.util.stream.Collectors;

/** Looks up a row's columns; {@code a.b} is column {@code a.b}, else {@code b} within {@code a}. */
final class Row {

  private Row() {}

  /** Whether a column is not there or null. */
  static boolean isAbsent(ObjectNode row, String column) {
    JsonNode node = at(row, column);
    return node == null || node.isNull();
  }

  /**
   * @throws DatasetException if there is none, naming those there are
   */
  static JsonNode find(ObjectNode row, String column) {
    JsonNode node = at(row, column);
    if (node == null) {
      throw new DatasetException(
          column + ": is missing; expected text (the line has " + names(row) + ")");
    }
    return node;
  }

  private static JsonNode at(JsonNode row, String column) {
    JsonNode whole = row.get(column);
    int dot = column.indexOf('.');
    if (whole != null || dot < 0) {
      return whole;
    }
    JsonNode outer = row.get(column.substring(0, dot));
    return outer == null ? null : at(outer, column.substring(dot + 1));
  }

  /** A column that holds text or a number, as it is written. */
  static String text(ObjectNode row, String column) {
    JsonNode node = find(row, column);
    if (!node.isTextual() && !node.isNumber()) {
      throw new DatasetException(column + ": is " + kind(node) + "; expected text or a number");
    }
    return node.asText();
  }

  /** As {@link #text}; a list of numbers as {@code [a, b]}. */
  static String shown(ObjectNode row, String column) {
    if (!(find(row, column) instanceof ArrayNode list)
        || !list.valueStream().allMatch(JsonNode::isNumber)) {
      return text(row, column);
    }
    return list.valueStream().map(JsonNode::asText).collect(Collectors.joining(", ", "[", "]"));
  }

  static String kind(JsonNode node) {
    return node.getNodeType().name().toLowerCase(Locale.ROOT);
  }

  private static String names(ObjectNode row) {
    StringBuilder names = new StringBuilder();
    Iterator<String> each = row.fieldNames();
    for (int i = 0; each.hasNext() && i < 12; i++) {
      names.append(i == 0 ? "" : ", ").append(each.next());
    }
    return names.isEmpty() ? "no fields" : names + (each.hasNext() ? ", …" : "");
  }
}
