package io.whetstone.checkpoints;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/** The keys of a {@code config.json}, or of an object in it, read with their types. */
final class ConfigKeys {
  private final String where;
  private final JsonNode root;

  /**
   * @param file named in errors
   */
  ConfigKeys(String file, JsonNode root) {
    this(root, file + ": ");
  }

  private ConfigKeys(JsonNode root, String where) {
    this.where = where;
    this.root = root;
  }

  /** Whether the key is there and not null. */
  boolean present(String key) {
    return root.hasNonNull(key);
  }

  /** Whether the key is there, if only to say null. */
  boolean mentioned(String key) {
    return root.has(key);
  }

  JsonNode node(String key) {
    return root.path(key);
  }

  /** The keys of the object under a key; none where it is not there. */
  ConfigKeys within(String key) {
    if (present(key) && !root.get(key).isObject()) {
      throw wrong(key, "an object");
    }
    return new ConfigKeys(root.path(key), where + key + ".");
  }

  /** These and, before them, another object's. */
  ConfigKeys with(ConfigKeys others) {
    ObjectNode both = root.deepCopy();
    others.root.properties().forEach(entry -> both.set(entry.getKey(), entry.getValue()));
    return new ConfigKeys(both, where);
  }

  int count(String key) {
    JsonNode node = root.path(key);
    if (!node.isInt() || node.intValue() < 1) {
      throw wrong(key, "a count ≥ 1");
    }
    return node.intValue();
  }

  int count(String key, int missing) {
    return present(key) ? count(key) : missing;
  }

  double number(String key) {
    if (!root.path(key).isNumber()) {
      throw wrong(key, "a number");
    }
    return root.get(key).doubleValue();
  }

  double number(String key, double missing) {
    return present(key) ? number(key) : missing;
  }

  List<Double> numbers(String key) {
    JsonNode node = root.path(key);
    List<Double> numbers = new ArrayList<>();
    for (JsonNode number : node) {
      if (!number.isNumber()) {
        throw wrong(key, "a list of numbers");
      }
      numbers.add(number.doubleValue());
    }
    if (!node.isArray()) {
      throw wrong(key, "a list of numbers");
    }
    return numbers;
  }

  boolean flag(String key, boolean missing) {
    if (present(key) && !root.get(key).isBoolean()) {
      throw wrong(key, "true or false");
    }
    return present(key) ? root.get(key).booleanValue() : missing;
  }

  boolean flag(String key) {
    return flag(key, false);
  }

  @Override
  public String toString() {
    return root.toString();
  }

  CheckpointException wrong(String key, String expected) {
    Object got = present(key) ? shown(root.get(key)) : "nothing";
    return new CheckpointException(where + key + ": expected " + expected + ", got " + got);
  }

  CheckpointException unsupported(String key, Object got, String expected) {
    return new CheckpointException(
        where + key + ": " + shown(got) + " is not supported: " + expected);
  }

  private static String shown(Object value) {
    String text = value.toString();
    return text.length() > 200 ? text.substring(0, 200) + "…" : text;
  }
}
