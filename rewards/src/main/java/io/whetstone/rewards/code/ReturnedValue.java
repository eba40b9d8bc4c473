package io.whetstone.rewards.code;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;

/**
 * Compares a value that Python code returned with the expected one, which is JSON.
 *
 * <p>The returned value comes as JSON with objects for what JSON has not: {@code {"tuple": […]}},
 * {@code {"set": […]}}, {@code {"dict": [[key, value], …]}}, {@code {"float": "nan"}}, {@code
 * {"bytes": "hex"}}, {@code {"complex": [re, im]}}, {@code {"other": "…"}}. JSON's lists stand for
 * lists and tuples alike, and for sets by their elements in any order; JSON's objects for
 * dictionaries, whose keys are their text. Whole numbers are compared exactly; where one of two
 * numbers is a float, x equals the expected y if |x − y| ≤ tolerance · max(1, |y|). Booleans are no
 * numbers, nor are texts.
 */
final class ReturnedValue {

  private final double tolerance;

  ReturnedValue(double tolerance) {
    this.tolerance = tolerance;
  }

  boolean equals(JsonNode got, JsonNode expected) {
    if (got.isNumber() && expected.isNumber()) {
      return number(got, expected);
    }
    if (got.isArray()) {
      return expected.isArray() && sequence(got, expected);
    }
    if (got.isObject()) {
      String kind = got.fieldNames().next();
      JsonNode content = got.get(kind);
      return switch (kind) {
        case "tuple" -> expected.isArray() && sequence(content, expected);
        case "set" -> expected.isArray() && anyOrder(content, expected);
        case "dict" -> expected.isObject() && dictionary(content, expected);
        // JSON has no such number; data sets write it as text.
        case "float" ->
            expected.isTextual() && expected.textValue().equalsIgnoreCase(text(content));
        case "complex" -> expected.isArray() && sequence(content, expected);
        default -> false;
      };
    }
    return got.equals(expected);
  }

  private static String text(JsonNode content) {
    return content.asText();
  }

  private boolean number(JsonNode got, JsonNode expected) {
    BigDecimal x = got.decimalValue();
    BigDecimal y = expected.decimalValue();
    if (got.isIntegralNumber() && expected.isIntegralNumber()) {
      return x.compareTo(y) == 0;
    }
    BigDecimal allowed = BigDecimal.valueOf(tolerance).multiply(y.abs().max(BigDecimal.ONE));
    return x.subtract(y).abs().compareTo(allowed) <= 0;
  }

  private boolean sequence(JsonNode got, JsonNode expected) {
    if (got.size() != expected.size()) {
      return false;
    }
    for (int i = 0; i < got.size(); i++) {
      if (!equals(got.get(i), expected.get(i))) {
        return false;
      }
    }
    return true;
  }

  private boolean anyOrder(JsonNode got, JsonNode expected) {
    if (got.size() != expected.size()) {
      return false;
    }
    List<JsonNode> left = new ArrayList<>();
    expected.forEach(left::add);
    for (JsonNode element : got) {
      int found = -1;
      for (int i = 0; i < left.size() && found < 0; i++) {
        found = equals(element, left.get(i)) ? i : -1;
      }
      if (found < 0) {
        return false;
      }
      left.remove(found);
    }
    return true;
  }

  private boolean dictionary(JsonNode pairs, JsonNode expected) {
    if (pairs.size() != expected.size()) {
      return false;
    }
    for (JsonNode pair : pairs) {
      JsonNode key = pair.get(0);
      JsonNode value = key.isValueNode() ? expected.get(key.asText()) : null;
      if (value == null || !equals(pair.get(1), value)) {
        return false;
      }
    }
    return true;
  }
}
