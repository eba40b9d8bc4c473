package io.whetstone.checkpoints;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.model.Family;
import io.whetstone.model.Rope;
import io.whetstone.model.RopeScaling;
import java.util.Map;

/**
 * Rotary positions as a {@code config.json} says them: since transformers 5 all in {@code
 * rope_parameters}, before it {@code rope_theta} and {@code rope_scaling}.
 */
final class RopeKeys {
  private static final String NEW = "rope_parameters";
  private static final String OLD = "rope_scaling";
  private static final String THETA = "rope_theta";
  private static final String ORIGINAL = "original_max_position_embeddings";

  /** Phi-3's default, which goes before what {@code rope_scaling} says. */
  private static final int PHI3_ORIGINAL = 4096;

  private final Family family;
  private final ConfigKeys root;
  private final int positions;

  /**
   * @param positions {@code max_position_embeddings}
   */
  RopeKeys(Family family, ConfigKeys root, int positions) {
    this.family = family;
    this.root = root;
    this.positions = positions;
  }

  /**
   * What all layers have.
   *
   * @param theta where none is given
   */
  Rope read(double theta) {
    JsonNode old = root.node(OLD);
    boolean says = root.present(OLD) && !(old.isObject() && old.isEmpty());
    String key = says ? OLD : NEW;
    ConfigKeys inner = root.within(key);
    for (Map.Entry<String, JsonNode> entry : root.node(key).properties()) {
      if (entry.getValue().isObject()) {
        throw inner.unsupported(
            entry.getKey(), entry.getValue(), "all layers of this model are rotated alike");
      }
    }
    return read(key, inner, inner.number(THETA, root.number(THETA, theta)));
  }

  /**
   * Those of layers of a kind where {@code rope_parameters} tells them apart, as Gemma 3's does.
   */
  Rope read(String kind, String thetaKey, double theta) {
    double outer = root.number(thetaKey, theta);
    ConfigKeys nested = root.within(NEW);
    boolean scaled = thetaKey.equals(THETA) && root.present(OLD);
    if (nested.present(kind)) {
      // Where both spellings are there, the older one's keys go before.
      ConfigKeys inner = nested.within(kind);
      inner = scaled ? inner.with(root.within(OLD)) : inner;
      return read(NEW + "." + kind, inner, inner.number(THETA, outer));
    }
    return scaled ? read(OLD, root.within(OLD), outer) : Rope.of(outer);
  }

  private Rope read(String where, ConfigKeys inner, double theta) {
    if (root.number("partial_rotary_factor", 1) != 1) {
      throw root.unsupported(
          "partial_rotary_factor", root.node("partial_rotary_factor"), "expected 1");
    }
    if (inner.number("partial_rotary_factor", 1) != 1) {
      throw inner.unsupported(
          "partial_rotary_factor", inner.node("partial_rotary_factor"), "expected 1");
    }
    // Older files say "type".
    JsonNode type = inner.present("rope_type") ? inner.node("rope_type") : inner.node("type");
    try {
      return new Rope(theta, scaling(where, inner, meant(where, type.asText("default"))));
    } catch (IllegalArgumentException e) {
      throw root.unsupported(where, inner, e.getMessage());
    }
  }

  /** Phi-3 has one scaling, which older files of it call by other names. */
  private String meant(String where, String type) {
    if (family != Family.PHI3) {
      return type;
    }
    return switch (type) {
      case "default", "longrope" -> type;
      case "su", "yarn" -> "longrope";
      default ->
          throw root.unsupported(where, type, "a phi3 model has default or longrope positions");
    };
  }

  private RopeScaling scaling(String where, ConfigKeys inner, String type) {
    return switch (type) {
      case "default" -> {
        if (inner.number("factor", 1) != 1) {
          throw inner.unsupported("factor", inner.node("factor"), "it needs a rope_type");
        }
        yield new RopeScaling.None();
      }
      case "linear" -> new RopeScaling.Linear(inner.number("factor"));
      case "llama3" ->
          new RopeScaling.Llama3(
              inner.number("factor"),
              inner.number("low_freq_factor"),
              inner.number("high_freq_factor"),
              originalPositions(inner));
      case "yarn" -> yarn(inner);
      case "dynamic" -> new RopeScaling.Dynamic(inner.number("factor"));
      case "longrope" -> longRope(inner);
      default ->
          throw root.unsupported(
              where,
              type,
              "default, linear, dynamic, llama3, yarn and longrope rotary positions are");
    };
  }

  private RopeScaling longRope(ConfigKeys inner) {
    int original = originalPositions(inner);
    double factor = inner.number("factor", (double) positions / original);
    double magnitude =
        factor <= 1 ? 1 : Math.sqrt(1 + StrictMath.log(factor) / StrictMath.log(original));
    return new RopeScaling.LongRope(
        inner.numbers("short_factor"),
        inner.numbers("long_factor"),
        original,
        (float) inner.number("attention_factor", magnitude));
  }

  private RopeScaling yarn(ConfigKeys inner) {
    if (family == Family.GEMMA3 && !inner.flag("truncate", true)) {
      // transformers 5 passes over it where kinds of layers have parameters of their own.
      throw inner.unsupported("truncate", false, "expected true in a gemma3_text model");
    }
    double factor = inner.number("factor");
    double magnitude =
        inner.present("mscale") && inner.present("mscale_all_dim")
            ? magnitude(factor, inner.number("mscale"))
                / magnitude(factor, inner.number("mscale_all_dim"))
            : magnitude(factor, 1);
    return new RopeScaling.Yarn(
        factor,
        inner.number("beta_fast", 32),
        inner.number("beta_slow", 1),
        originalPositions(inner),
        inner.flag("truncate", true),
        (float) inner.number("attention_factor", magnitude));
  }

  private static double magnitude(double factor, double scale) {
    return factor <= 1 ? 1 : 0.1 * scale * StrictMath.log(factor) + 1;
  }

  private int originalPositions(ConfigKeys inner) {
    return root.count(
        ORIGINAL, family == Family.PHI3 ? PHI3_ORIGINAL : inner.count(ORIGINAL, positions));
  }

  /** Writes both spellings. */
  static void write(ObjectNode root, Rope rope) {
    root.put(THETA, rope.theta());
    if (rope.scaling() instanceof RopeScaling.None) {
      root.putNull(OLD);
    } else {
      scaling(root.putObject(OLD), rope.scaling());
    }
    parameters(root.putObject(NEW), rope);
    if (rope.scaling() instanceof RopeScaling.LongRope longRope) {
      root.put(ORIGINAL, longRope.originalPositions()); // where Phi-3 reads it
    }
  }

  /** Writes one kind of layers' {@code rope_parameters}. */
  static void parameters(ObjectNode node, Rope rope) {
    node.put(THETA, rope.theta());
    scaling(node, rope.scaling());
  }

  private static void scaling(ObjectNode node, RopeScaling scaling) {
    switch (scaling) {
      case RopeScaling.None none -> node.put("rope_type", "default");
      case RopeScaling.Linear linear ->
          node.put("rope_type", "linear").put("factor", linear.factor());
      case RopeScaling.Llama3 llama ->
          node.put("rope_type", "llama3")
              .put("factor", llama.factor())
              .put("low_freq_factor", llama.low())
              .put("high_freq_factor", llama.high())
              .put(ORIGINAL, llama.originalPositions());
      case RopeScaling.Yarn yarn ->
          node.put("rope_type", "yarn")
              .put("factor", yarn.factor())
              .put("beta_fast", yarn.fast())
              .put("beta_slow", yarn.slow())
              .put(ORIGINAL, yarn.originalPositions())
              .put("truncate", yarn.truncated())
              .put("attention_factor", decimal(yarn.magnitude()));
      case RopeScaling.Dynamic dynamic ->
          node.put("rope_type", "dynamic").put("factor", dynamic.factor());
      case RopeScaling.LongRope longRope -> {
        node.put("rope_type", "longrope").put(ORIGINAL, longRope.originalPositions());
        longRope.shortFactors().forEach(node.putArray("short_factor")::add);
        longRope.longFactors().forEach(node.putArray("long_factor")::add);
        node.put("attention_factor", decimal(longRope.magnitude()));
      }
    }
  }

  /** By way of its decimal form, so that 1e-5f is written as 1e-5. */
  static double decimal(float value) {
    return Double.parseDouble(Float.toString(value));
  }
}
