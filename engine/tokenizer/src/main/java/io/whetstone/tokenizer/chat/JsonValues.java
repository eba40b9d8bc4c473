package io.whetstone.tokenizer.chat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** JSON as a template sees it: null, Boolean, Long or BigInteger, Double, String, List, Map. */
public final class JsonValues {
  private JsonValues() {}

  public static Object of(JsonNode node) {
    return switch (node.getNodeType()) {
      case NULL, MISSING -> null;
      case BOOLEAN -> node.booleanValue();
      case NUMBER ->
          node.isIntegralNumber()
              ? node.canConvertToLong() ? (Object) node.longValue() : node.bigIntegerValue()
              : (Object) node.doubleValue();
      case ARRAY -> {
        List<Object> list = new ArrayList<>();
        node.forEach(item -> list.add(of(item)));
        yield list;
      }
      case OBJECT -> {
        Map<String, Object> map = new LinkedHashMap<>();
        node.properties().forEach(entry -> map.put(entry.getKey(), of(entry.getValue())));
        yield map;
      }
      default -> node.asText();
    };
  }
}
