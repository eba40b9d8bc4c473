package io.whetstone.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Changes values, keys and structure of a JSON document; what comes out is JSON still, so that a
 * reader gets as far as what it says.
 */
final class JsonDamage implements Damage {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static final long[] NUMBERS = {
    0,
    1,
    2,
    3,
    7,
    64,
    1_000,
    Short.MAX_VALUE,
    1 << 20,
    Integer.MAX_VALUE,
    1L + Integer.MAX_VALUE,
    1L << 32,
    1L << 53,
    Long.MAX_VALUE,
    -1,
    Integer.MIN_VALUE,
    Long.MIN_VALUE
  };
  private static final String[] TEXTS = {
    "", " ", "\0", "a", "/", "..", "../x", "null", "\ud83d\ude00", "-1", "(a+)+$", "%s", "F32"
  };

  @Override
  public byte[] of(byte[] file, RandomGenerator random) {
    try {
      JsonNode root = JSON.readTree(file);
      int times = 1 + random.nextInt(3);
      for (int i = 0; i < times && root != null && !root.isEmpty(); i++) {
        once(root, random);
      }
      return JSON.writeValueAsBytes(root);
    } catch (IOException e) {
      throw new UncheckedIOException("the file to be damaged is no JSON", e);
    }
  }

  Damage ofLines() {
    return (file, random) -> {
      String[] lines = new String(file, StandardCharsets.UTF_8).split("\n");
      int line = random.nextInt(lines.length);
      lines[line] =
          new String(
              of(lines[line].getBytes(StandardCharsets.UTF_8), random), StandardCharsets.UTF_8);
      return (String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8);
    };
  }

  private static void once(JsonNode root, RandomGenerator random) {
    JsonNode container = container(root, random);
    int at = random.nextInt(container.size());
    JsonNode old = child(container, at);
    switch (random.nextInt(8)) {
      case 0 -> remove(container, at);
      case 1 -> put(container, at, another(root, random));
      case 2 -> add(container, at, old.deepCopy(), random);
      case 3 -> put(container, at, child(container, random.nextInt(container.size())).deepCopy());
      default -> put(container, at, changed(old, random));
    }
  }

  /** An object or array that is not empty; those near the root as often as all below them. */
  private static JsonNode container(JsonNode root, RandomGenerator random) {
    JsonNode at = root;
    while (random.nextInt(4) > 0) {
      List<JsonNode> within = at.valueStream().filter(node -> !node.isEmpty()).toList();
      if (within.isEmpty()) {
        break;
      }
      at = within.get(random.nextInt(within.size()));
    }
    return at;
  }

  private static JsonNode another(JsonNode root, RandomGenerator random) {
    JsonNode container = container(root, random);
    return child(container, random.nextInt(container.size())).deepCopy();
  }

  /** Near the old one, or of another kind. */
  private static JsonNode changed(JsonNode old, RandomGenerator random) {
    if (old.isIntegralNumber() && random.nextBoolean()) {
      long value = old.longValue();
      return NODES.numberNode(
          switch (random.nextInt(6)) {
            case 0 -> value + 1;
            case 1 -> value - 1;
            case 2 -> 2 * value;
            case 3 -> value / 2;
            case 4 -> -value;
            default -> value + (1L << random.nextInt(40));
          });
    }
    if (old.isNumber() && random.nextBoolean()) {
      return NODES.numberNode(old.doubleValue() * (random.nextInt(5) - 2));
    }
    if (old.isTextual() && random.nextBoolean()) {
      String text = old.textValue();
      int half = text.length() / 2;
      return NODES.textNode(
          switch (random.nextInt(4)) {
            case 0 -> text.substring(half);
            case 1 -> text.substring(0, half);
            case 2 -> text + text;
            default -> text + TEXTS[random.nextInt(TEXTS.length)];
          });
    }
    return strange(random);
  }

  private static JsonNode strange(RandomGenerator random) {
    return switch (random.nextInt(12)) {
      case 0 -> NODES.nullNode();
      case 1 -> NODES.booleanNode(random.nextBoolean());
      case 2 -> NODES.arrayNode();
      case 3 -> NODES.objectNode();
      case 4 -> NODES.textNode(TEXTS[random.nextInt(TEXTS.length)]);
      case 5 -> NODES.textNode("x".repeat(100_000));
      case 6 -> NODES.numberNode(BigInteger.ONE.shiftLeft(64 + random.nextInt(200)));
      case 7 -> NODES.numberNode(new BigDecimal("1e" + (random.nextInt(200_000) - 100_000)));
      case 8 -> NODES.numberNode((random.nextDouble() - 0.5) * 4);
      case 9 -> deep(1 + random.nextInt(300));
      default -> NODES.numberNode(NUMBERS[random.nextInt(NUMBERS.length)]);
    };
  }

  private static JsonNode deep(int levels) {
    JsonNode node = NODES.nullNode();
    for (int i = 0; i < levels; i++) {
      node = i % 2 == 0 ? NODES.arrayNode().add(node) : NODES.objectNode().set("a", node);
    }
    return node;
  }

  private static JsonNode child(JsonNode container, int at) {
    return container.isArray() ? container.get(at) : container.get(key(container, at));
  }

  private static String key(JsonNode container, int at) {
    return container.propertyStream().skip(at).findFirst().orElseThrow().getKey();
  }

  private static void put(JsonNode container, int at, JsonNode value) {
    switch (container) {
      case ArrayNode array -> array.set(at, value);
      case ObjectNode object -> object.set(key(object, at), value);
      default -> throw new IllegalStateException("no container: " + container);
    }
  }

  private static void remove(JsonNode container, int at) {
    switch (container) {
      case ArrayNode array -> array.remove(at);
      case ObjectNode object -> object.remove(key(object, at));
      default -> throw new IllegalStateException("no container: " + container);
    }
  }

  /** Once more, in an object under another key. */
  private static void add(JsonNode container, int at, JsonNode value, RandomGenerator random) {
    switch (container) {
      case ArrayNode array -> array.insert(random.nextInt(array.size() + 1), value);
      case ObjectNode object -> object.set(key(object, at) + random.nextInt(3), value);
      default -> throw new IllegalStateException("no container: " + container);
    }
  }
}
