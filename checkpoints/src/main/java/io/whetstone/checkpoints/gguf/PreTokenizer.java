package io.whetstone.checkpoints.gguf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * How byte-level vocabularies cut a text before they merge: what {@code tokenizer.ggml.pre} names
 * and a {@code tokenizer.json} says in full.
 */
enum PreTokenizer {
  GPT2(List.of("gpt-2", "olmo", "phi-2", "mpt"), Style.OWN, false, false, ""),
  SMOLLM(List.of("smollm", "codeshell", "starcoder"), Style.DIGITS, false, false, ""),
  LLAMA3(
      List.of("llama-bpe", "llama3", "llama-v3", "falcon3"),
      Style.SPLIT,
      true,
      false,
      Patterns.GPT4),
  /** Llama 3's pattern, its vocabulary's words merged as any others: OLMo 2. */
  DBRX(List.of("dbrx", "smaug-bpe"), Style.SPLIT, false, false, Patterns.GPT4),
  QWEN2(
      List.of("qwen2", "deepseek-r1-qwen"),
      Style.SPLIT,
      false,
      true,
      Patterns.GPT4.replace("{1,3}", "")),
  GPT4O(
      List.of("gpt-4o", "llama4"),
      Style.SPLIT,
      false,
      false,
      Patterns.CASED
              .replace("+|", "+" + Patterns.SUFFIX + "|")
              .replace("*|", "*" + Patterns.SUFFIX + "|")
          + Patterns.REST.replace("\\p{N}", "\\p{N}{1,3}")),
  TEKKEN(List.of("tekken"), Style.SPLIT, true, false, Patterns.CASED + Patterns.REST);

  private enum Style {
    /** ByteLevel with the pattern it has of its own, GPT-2's. */
    OWN,
    /** The same after digits are taken apart. */
    DIGITS,
    /** A pattern. */
    SPLIT
  }

  private static final class Patterns {
    static final String SUFFIX = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?";
    static final String GPT4 =
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|"
            + " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    static final String CASED =
        "[^\\r"
            + "\\n"
            + "\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+|[^\\r"
            + "\\n"
            + "\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*|";
    static final String REST =
        "\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  }

  private final List<String> names;
  private final Style style;
  private final boolean ignoreMerges;
  private final boolean composed;
  private final String pattern;

  PreTokenizer(
      List<String> names, Style style, boolean ignoreMerges, boolean composed, String pattern) {
    this.names = names;
    this.style = style;
    this.ignoreMerges = ignoreMerges;
    this.composed = composed;
    this.pattern = pattern;
  }

  static Optional<PreTokenizer> named(String name) {
    return Arrays.stream(values()).filter(pre -> pre.names.contains(name)).findFirst();
  }

  static List<String> known() {
    List<String> known = new ArrayList<>();
    for (PreTokenizer pre : values()) {
      known.addAll(pre.names);
    }
    return known;
  }

  /** The name that is written. */
  String key() {
    return names.getFirst();
  }

  /** Whether a word that is in the vocabulary is taken whole, without merging. */
  boolean ignoreMerges() {
    return ignoreMerges;
  }

  /** The one that a {@code tokenizer.json} describes. */
  static Optional<PreTokenizer> of(JsonNode definition) {
    JsonNode node = definition.path("pre_tokenizer");
    JsonNode parts =
        node.path("type").asText().equals("Sequence")
            ? node.path("pretokenizers")
            : JsonNodeFactory.instance.arrayNode().add(node);
    Style style = null;
    String pattern = "";
    for (JsonNode part : parts) {
      switch (part.path("type").asText()) {
        case "Split" -> {
          // These patterns match every character, so what matches is all there is.
          boolean pieces =
              part.path("behavior").asText().equals("Isolated")
                  || part.path("behavior").asText().equals("Removed")
                      && part.path("invert").asBoolean();
          if (!pieces || style != null) {
            return Optional.empty();
          }
          style = Style.SPLIT;
          pattern = part.path("pattern").path("Regex").asText();
        }
        case "Digits" -> style = part.path("individual_digits").asBoolean() ? Style.DIGITS : null;
        case "ByteLevel" -> {
          if (part.path("add_prefix_space").asBoolean(true)) {
            return Optional.empty();
          }
          style = style == null ? Style.OWN : style;
          boolean own = part.path("use_regex").asBoolean(true);
          if (own == (style == Style.SPLIT)) {
            return Optional.empty();
          }
        }
        default -> {
          return Optional.empty();
        }
      }
    }
    boolean ignoring = definition.path("model").path("ignore_merges").asBoolean(false);
    for (PreTokenizer pre : values()) {
      if (pre.style == style && plain(pre.pattern).equals(plain(pattern))) {
        if (pre.style != Style.SPLIT || pre.ignoreMerges == ignoring) {
          return Optional.of(pre);
        }
      }
    }
    return Optional.empty();
  }

  /** Contractions are met in two spellings. */
  private static String plain(String pattern) {
    return pattern.replace(
        "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])",
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)");
  }

  /** Writes normalizer, pre-tokenizer and decoder into a {@code tokenizer.json}. */
  void describe(ObjectNode definition) {
    if (composed) {
      definition.putObject("normalizer").put("type", "NFC");
    } else {
      definition.putNull("normalizer");
    }
    if (style == Style.OWN) {
      definition.set("pre_tokenizer", byteLevel(true));
    } else {
      ObjectNode sequence = definition.putObject("pre_tokenizer").put("type", "Sequence");
      ArrayNode parts = sequence.putArray("pretokenizers");
      if (style == Style.DIGITS) {
        parts.addObject().put("type", "Digits").put("individual_digits", true);
      } else {
        ObjectNode split = parts.addObject().put("type", "Split");
        split.putObject("pattern").put("Regex", pattern);
        split.put("behavior", "Isolated").put("invert", false);
      }
      parts.add(byteLevel(style == Style.DIGITS));
    }
    definition.putNull("post_processor");
    definition.set("decoder", byteLevel(true));
  }

  private static ObjectNode byteLevel(boolean useRegex) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("type", "ByteLevel")
        .put("add_prefix_space", false)
        .put("trim_offsets", true)
        .put("use_regex", useRegex);
  }
}
