package io.whetstone.checkpoints.gguf;

import io.whetstone.checkpoints.CheckpointException;
import java.util.Map;
import java.util.Set;

/**
 * The keys and values at the start of a GGUF file, read with their types.
 *
 * <p>Values are Long, Double, Boolean or String, and long[], double[] or String[] for arrays (of
 * booleans: 0 and 1).
 */
public final class GgufMetadata {
  private final String file;
  private final Map<String, Object> values;

  /**
   * @param file named in errors
   */
  GgufMetadata(String file, Map<String, Object> values) {
    this.file = file;
    this.values = values;
  }

  /** What an error says first. */
  String file() {
    return file;
  }

  public Set<String> keys() {
    return values.keySet();
  }

  public boolean has(String key) {
    return values.containsKey(key);
  }

  /** A whole number in [0, 2³¹). */
  public int count(String key) {
    if (values.get(key) instanceof Long number && number == number.intValue() && number >= 0) {
      return number.intValue();
    }
    throw wrong(key, "a count");
  }

  public int count(String key, int missing) {
    return has(key) ? count(key) : missing;
  }

  public double number(String key) {
    return switch (values.get(key)) {
      case Double number -> number;
      case Long number -> number;
      case null, default -> throw wrong(key, "a number");
    };
  }

  public double number(String key, double missing) {
    return has(key) ? number(key) : missing;
  }

  public boolean flag(String key, boolean missing) {
    return switch (values.get(key)) {
      case Boolean flag -> flag;
      case null -> missing;
      default -> throw wrong(key, "true or false");
    };
  }

  public String string(String key) {
    if (values.get(key) instanceof String text) {
      return text;
    }
    throw wrong(key, "a string");
  }

  public String string(String key, String missing) {
    return has(key) ? string(key) : missing;
  }

  public String[] strings(String key) {
    if (values.get(key) instanceof String[] texts) {
      return texts.clone();
    }
    throw wrong(key, "an array of strings");
  }

  public long[] integers(String key) {
    if (values.get(key) instanceof long[] numbers) {
      return numbers.clone();
    }
    throw wrong(key, "an array of whole numbers");
  }

  public double[] numbers(String key) {
    if (values.get(key) instanceof double[] numbers) {
      return numbers.clone();
    }
    throw wrong(key, "an array of numbers");
  }

  /** Whether a key holds an array, where it may be one value for all layers. */
  boolean isArray(String key) {
    return has(key) && values.get(key).getClass().isArray();
  }

  CheckpointException wrong(String key, String expected) {
    Object got = values.get(key);
    String shown =
        switch (got) {
          case null -> "nothing";
          case String text ->
              "\"" + (text.length() > 60 ? text.substring(0, 60) + "…" : text) + "\"";
          case String[] texts -> "an array of " + texts.length + " strings";
          case long[] numbers -> "an array of " + numbers.length + " whole numbers";
          case double[] numbers -> "an array of " + numbers.length + " numbers";
          default -> got.toString();
        };
    return new CheckpointException(file + ": " + key + ": expected " + expected + ", got " + shown);
  }
}
