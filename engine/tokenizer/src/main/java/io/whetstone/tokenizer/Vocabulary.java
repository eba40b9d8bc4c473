package io.whetstone.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** What a {@code tokenizer.json} and the configurations beside it say about tokens. */
final class Vocabulary {
  /**
   * Sixteen times the largest vocabularies; an id beyond it is a mistake that would cost memory.
   */
  private static final int MOST_IDS = 1 << 22;

  private final String[] tokens;
  private final Map<String, Integer> ids = new HashMap<>();
  private final BitSet added = new BitSet();
  private final int plainSize;
  private final List<Integer> endOfSequence;
  private final OptionalInt pad;
  private final OptionalInt beginningOfSequence;
  private final Optional<Normalizer.Form> normalForm;
  private final Optional<byte[][]> bytesOfTokens;

  Vocabulary(TokenizerFiles files) {
    String origin = files.origin();
    JsonNode vocab = files.definition().path("model").path("vocab");
    if (vocab.isObject()) {
      vocab.properties().forEach(e -> ids.put(e.getKey(), id(origin, e.getKey(), e.getValue())));
    } else if (vocab.isArray()) { // Unigram: [[token, score], …]
      for (int id = 0; id < vocab.size(); id++) {
        ids.put(vocab.get(id).path(0).asText(), id);
      }
    } else {
      throw new TokenizerException(origin + ": model.vocab is missing");
    }
    plainSize = ids.values().stream().mapToInt(i -> i).max().orElse(-1) + 1;
    JsonNode addedTokens = files.definition().path("added_tokens");
    int most = plainSize;
    for (JsonNode token : addedTokens) {
      String content = token.path("content").asText();
      int id = id(origin, content, token.path("id"));
      ids.put(content, id);
      most = Math.max(most, id + 1);
    }
    tokens = new String[most];
    ids.forEach((token, id) -> tokens[id] = token);
    for (JsonNode token : addedTokens) {
      String content = token.path("content").asText();
      int id = token.path("id").intValue();
      if (added.get(id) && !content.equals(tokens[id])) {
        throw new TokenizerException(
            "%s: added_tokens: \"%s\" and \"%s\" have one id, %d"
                .formatted(origin, shown(tokens[id]), shown(content), id));
      }
      added.set(id);
      tokens[id] = content;
    }

    endOfSequence = endOfSequence(files);
    pad = first(files, "pad_token");
    beginningOfSequence = first(files, "bos_token");
    normalForm = normalForm(files.definition().path("normalizer"));
    bytesOfTokens = TokenBytes.of(files.definition().path("decoder"), tokens);
  }

  private static int id(String origin, String token, JsonNode id) {
    if (!id.isInt() || id.intValue() < 0 || id.intValue() >= MOST_IDS) {
      throw new TokenizerException(
          "%s: \"%s\" has the id %s; expected one in [0, %d)"
              .formatted(origin, shown(token), shown(id.toString()), MOST_IDS));
    }
    return id.intValue();
  }

  private static String shown(String text) {
    return text.length() > 100 ? text.substring(0, 100) + "…" : text;
  }

  /**
   * The tokenizer's own comes first, since templates and examples end with it; then those at which
   * generation stops. config.json repeats them, or is all there is in old directories.
   */
  private List<Integer> endOfSequence(TokenizerFiles files) {
    Set<Integer> found = new LinkedHashSet<>();
    tokenNamed(files, "eos_token").ifPresent(found::add);
    idsOf(files.generationConfig().path("eos_token_id"), found);
    if (!files.generationConfig().has("eos_token_id")) {
      idsOf(files.modelConfig().path("eos_token_id"), found);
    }
    return List.copyOf(found);
  }

  private OptionalInt first(TokenizerFiles files, String key) {
    Set<Integer> found = new LinkedHashSet<>();
    tokenNamed(files, key).ifPresent(found::add);
    idsOf(files.generationConfig().path(key + "_id"), found);
    idsOf(files.modelConfig().path(key + "_id"), found);
    return found.stream().mapToInt(i -> i).findFirst();
  }

  private OptionalInt tokenNamed(TokenizerFiles files, String key) {
    JsonNode node = files.tokenizerConfig().path(key);
    String token = node.isObject() ? node.path("content").asText(null) : node.textValue();
    if (token == null) {
      return OptionalInt.empty();
    }
    OptionalInt id = id(token);
    if (id.isEmpty()) {
      throw new TokenizerException(
          files.origin()
              + ": the "
              + key
              + " \""
              + token
              + "\" of tokenizer_config.json is not in the vocabulary");
    }
    return id;
  }

  private static void idsOf(JsonNode node, Set<Integer> into) {
    if (node.isInt()) {
      into.add(node.intValue());
    } else if (node.isArray()) {
      List<Integer> several = new ArrayList<>();
      node.forEach(n -> several.add(n.asInt()));
      into.addAll(several);
    }
  }

  private static Optional<Normalizer.Form> normalForm(JsonNode normalizer) {
    for (JsonNode part : normalizer.path("normalizers")) {
      Optional<Normalizer.Form> form = normalForm(part);
      if (form.isPresent()) {
        return form;
      }
    }
    return switch (normalizer.path("type").asText()) {
      case "NFC" -> Optional.of(Normalizer.Form.NFC);
      case "NFD" -> Optional.of(Normalizer.Form.NFD);
      case "NFKC" -> Optional.of(Normalizer.Form.NFKC);
      case "NFKD" -> Optional.of(Normalizer.Form.NFKD);
      default -> Optional.empty();
    };
  }

  String token(int id) {
    return id < 0 || id >= tokens.length ? null : tokens[id];
  }

  OptionalInt id(String token) {
    Integer id = ids.get(token);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  int size() {
    return tokens.length;
  }

  int plainSize() {
    return plainSize;
  }

  List<Integer> endOfSequence() {
    return endOfSequence;
  }

  OptionalInt pad() {
    return pad;
  }

  OptionalInt beginningOfSequence() {
    return beginningOfSequence;
  }

  boolean isSpecial(int id) {
    return id >= 0 && added.get(id);
  }

  List<String> addedTokens() {
    return added.stream().mapToObj(id -> tokens[id]).toList();
  }

  Optional<Normalizer.Form> normalForm() {
    return normalForm;
  }

  /** For each id its bytes; empty when a token's text depends on its neighbours. */
  Optional<byte[][]> bytesOfTokens() {
    return bytesOfTokens;
  }
}
