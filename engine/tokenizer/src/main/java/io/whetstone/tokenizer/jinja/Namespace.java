package io.whetstone.tokenizer.jinja;

import java.util.LinkedHashMap;
import java.util.Map;

/** {@code namespace(…)}: attributes that may be set from within loops. */
final class Namespace {
  final Map<String, Object> attributes = new LinkedHashMap<>();

  Namespace(Map<String, Object> attributes) {
    this.attributes.putAll(attributes);
  }

  @Override
  public String toString() {
    return "<Namespace " + Values.representation(attributes) + ">";
  }
}
