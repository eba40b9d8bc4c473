package io.whetstone.checkpoints.gguf;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * SentencePiece's vocabularies of merges: scores in GGUF files, merges in {@code tokenizer.json}.
 */
final class SentencePieces {
  static final String SPACE = "▁";

  /** Two neighbours that become one token. */
  record Merge(String left, String right) {}

  private record Scored(Merge merge, double score) {}

  private SentencePieces() {}

  /**
   * The merges that scores stand for: every way to cut a token in two others, better scores first;
   * ties by the lengths of the parts, then in the vocabulary's order, as transformers converts it.
   */
  static List<Merge> merges(String[] tokens, long[] types, double[] scores) {
    Set<String> parts = new HashSet<>();
    for (int id = 0; id < tokens.length; id++) {
      if (types[id] == GgufTokenizer.NORMAL) {
        parts.add(tokens[id]);
      }
    }
    List<Scored> found = new ArrayList<>();
    for (int id = 0; id < tokens.length; id++) {
      String token = tokens[id];
      if (types[id] != GgufTokenizer.NORMAL) {
        continue;
      }
      for (int cut = token.offsetByCodePoints(0, token.isEmpty() ? 0 : 1);
          cut < token.length();
          cut = token.offsetByCodePoints(cut, 1)) {
        if (parts.contains(token.substring(0, cut)) && parts.contains(token.substring(cut))) {
          found.add(
              new Scored(new Merge(token.substring(0, cut), token.substring(cut)), scores[id]));
        }
      }
    }
    found.sort(
        Comparator.<Scored>comparingDouble(s -> -s.score)
            .thenComparing(s -> -points(s.merge.left))
            .thenComparing(s -> -points(s.merge.right)));
    return found.stream().map(Scored::merge).toList();
  }

  private static int points(String text) {
    return text.codePointCount(0, text.length());
  }

  /**
   * Writes normalizer, pre-tokenizer and decoder into a {@code tokenizer.json}.
   *
   * @param prefixed whether a text has a space put before it (Llama 2), or not (Gemma)
   */
  static void describe(ObjectNode definition, boolean prefixed) {
    ObjectNode normalizer = definition.putObject("normalizer").put("type", "Sequence");
    ArrayNode normalizers = normalizer.putArray("normalizers");
    if (prefixed) {
      normalizers.addObject().put("type", "Prepend").put("prepend", SPACE);
    }
    replace(normalizers.addObject(), " ", SPACE);
    definition.putNull("pre_tokenizer");
    definition.putNull("post_processor");
    ObjectNode decoder = definition.putObject("decoder").put("type", "Sequence");
    ArrayNode decoders = decoder.putArray("decoders");
    replace(decoders.addObject(), SPACE, " ");
    decoders.addObject().put("type", "ByteFallback");
    decoders.addObject().put("type", "Fuse");
    if (prefixed) {
      decoders.addObject().put("type", "Strip").put("content", " ").put("start", 1).put("stop", 0);
    }
  }

  private static void replace(ObjectNode node, String from, String to) {
    node.put("type", "Replace").putObject("pattern").put("String", from);
    node.put("content", to);
  }
}
