package io.whetstone.checkpoints.gguf;

import com.fasterxml.jackson.databind.JsonNode;
import io.whetstone.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A tokenizer as a GGUF file's metadata; one that llama.cpp would cut differently is refused.
 *
 * <p>Byte-level merges become {@code gpt2}, SentencePiece's merges {@code llama}; a vocabulary of
 * single characters is the latter without merges.
 */
final class GgufVocabulary {
  private static final String PREFIX = GgufTokenizer.PREFIX;

  private final Tokenizer tokenizer;
  private final JsonNode definition;
  private final JsonNode config;
  private final Optional<String> template;
  private final String[] tokens;
  private final int[] types;

  private GgufVocabulary(
      Tokenizer tokenizer,
      JsonNode definition,
      JsonNode config,
      Optional<String> template,
      int rows) {
    this.tokenizer = tokenizer;
    this.definition = definition;
    this.config = config;
    this.template = template;
    tokens = new String[rows];
    types = new int[rows];
    boolean bytes = definition.path("model").path("byte_fallback").asBoolean();
    String unknown = definition.path("model").path("unk_token").asText("");
    Map<Integer, Boolean> added = new HashMap<>();
    for (JsonNode token : definition.path("added_tokens")) {
      added.put(token.path("id").asInt(), token.path("special").asBoolean());
    }
    definition.path("model").path("vocab").properties().forEach(e -> put(e.getValue(), e.getKey()));
    definition.path("added_tokens").forEach(t -> put(t.path("id"), t.path("content").asText()));
    for (int id = 0; id < rows; id++) {
      boolean unused = tokens[id] == null;
      tokens[id] = unused ? "[PAD" + id + "]" : tokens[id];
      types[id] =
          unused
              ? GgufTokenizer.UNUSED
              : bytes && tokens[id].equals(unknown)
                  ? GgufTokenizer.UNKNOWN
                  : added.containsKey(id)
                      ? added.get(id) ? GgufTokenizer.CONTROL : GgufTokenizer.USER_DEFINED
                      : bytes && tokens[id].matches("<0x[0-9A-F]{2}>")
                          ? GgufTokenizer.BYTE
                          : GgufTokenizer.NORMAL;
    }
  }

  private void put(JsonNode id, String token) {
    tokens[id.asInt()] = token;
  }

  /**
   * Adds a tokenizer's keys.
   *
   * @param rows of the embedding: ids without a token are marked as unused
   * @throws IllegalArgumentException saying what llama.cpp does not have
   */
  static void write(GgufWriter to, Tokenizer tokenizer, int rows) throws IOException {
    Path directory = Files.createTempDirectory("whetstone-tokenizer");
    try {
      tokenizer.save(directory);
      JsonNode definition = HuggingFaceFiles.read(directory.resolve("tokenizer.json"));
      JsonNode config = HuggingFaceFiles.read(directory.resolve("tokenizer_config.json"));
      Optional<String> template = HuggingFaceFiles.template(directory);
      new GgufVocabulary(tokenizer, definition, config, template, rows).write(to);
    } finally {
      HuggingFaceFiles.delete(directory);
    }
  }

  private void write(GgufWriter to) {
    switch (definition.path("model").path("type").asText()) {
      case "BPE" -> {
        if (definition.path("model").path("byte_fallback").asBoolean()) {
          sentencePiece(to);
        } else {
          byteLevel(to);
        }
      }
      case "WordLevel" -> characters(to);
      default ->
          throw new IllegalArgumentException(
              "llama.cpp is not given tokenizers of the kind "
                  + definition.path("model").path("type")
                  + "; BPE and vocabularies of characters are");
    }
    id(to, "bos_token_id", tokenizer.beginningOfSequence());
    List<Integer> ends = tokenizer.endOfSequence();
    id(to, "eos_token_id", ends.stream().mapToInt(end -> end).findFirst());
    if (ends.size() > 1) {
      to.count(PREFIX + "eot_token_id", ends.get(1));
    }
    id(to, "padding_token_id", tokenizer.pad());
    to.flag(PREFIX + "add_bos_token", addsBeginning());
    to.flag(PREFIX + "add_eos_token", false);
    template.ifPresent(text -> to.string(GgufTokenizer.TEMPLATE, text));
  }

  private static void id(GgufWriter to, String key, OptionalInt id) {
    id.ifPresent(present -> to.count(PREFIX + key, present));
  }

  /** As transformers would: by the flag, or where the post-processor puts it before a text. */
  private boolean addsBeginning() {
    if (config.has("add_bos_token")) {
      return config.path("add_bos_token").asBoolean();
    }
    OptionalInt id = tokenizer.beginningOfSequence();
    String single = definition.path("post_processor").toString();
    return id.isPresent() && single.contains("\"" + tokens[id.getAsInt()] + "\"");
  }

  private void byteLevel(GgufWriter to) {
    PreTokenizer pre =
        PreTokenizer.of(definition)
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "llama.cpp has no pre-tokenizer known here that cuts a text as this"
                            + " tokenizer.json does: "
                            + definition.path("pre_tokenizer")));
    to.string(PREFIX + "model", "gpt2").string(PREFIX + "pre", pre.key());
    vocabulary(to);
    to.strings(PREFIX + "merges", merges().stream().map(m -> m.left() + " " + m.right()).toList());
  }

  private List<SentencePieces.Merge> merges() {
    List<SentencePieces.Merge> merges = new ArrayList<>();
    for (JsonNode merge : definition.path("model").path("merges")) {
      // Since tokenizers 0.20 a pair, before it one text.
      String[] pair =
          merge.isArray()
              ? new String[] {merge.path(0).asText(), merge.path(1).asText()}
              : merge.asText().split(" ", 2);
      merges.add(new SentencePieces.Merge(pair[0], pair[1]));
    }
    return merges;
  }

  private void vocabulary(GgufWriter to) {
    to.strings(PREFIX + "tokens", Arrays.asList(tokens));
    to.integers(PREFIX + "token_type", types);
  }

  private void sentencePiece(GgufWriter to) {
    Map<String, Float> scoreOfToken = new HashMap<>();
    List<SentencePieces.Merge> merges = merges();
    for (SentencePieces.Merge merge : merges) {
      scoreOfToken.putIfAbsent(merge.left() + merge.right(), -1f - scoreOfToken.size());
    }
    float[] scores = new float[tokens.length];
    for (int id = 0; id < tokens.length; id++) {
      scores[id] = scoreOfToken.getOrDefault(tokens[id], -1e6f);
    }
    requireSame(merges, scores);
    pieces(to, scores, definition.toString().contains("\"Prepend\""));
  }

  /** llama.cpp merges whatever two neighbours make a token; a list of merges may have fewer. */
  private void requireSame(List<SentencePieces.Merge> merges, float[] scores) {
    long[] kinds = Arrays.stream(types).asLongStream().toArray();
    double[] numbers = new double[scores.length];
    Arrays.setAll(numbers, id -> scores[id]);
    List<SentencePieces.Merge> possible = SentencePieces.merges(tokens, kinds, numbers);
    if (possible.size() != merges.size()) {
      throw new IllegalArgumentException(
          "llama.cpp would tokenize differently: the vocabulary allows "
              + possible.size()
              + " merges, tokenizer.json has "
              + merges.size());
    }
  }

  private void pieces(GgufWriter to, float[] scores, boolean prefixed) {
    to.string(PREFIX + "model", "llama").string(PREFIX + "pre", "default");
    vocabulary(to);
    to.numbers(PREFIX + "scores", scores);
    to.flag(PREFIX + "add_space_prefix", prefixed);
    for (int id = 0; id < types.length; id++) {
      if (types[id] == GgufTokenizer.UNKNOWN) {
        to.count(PREFIX + "unknown_token_id", id);
      }
    }
  }

  private void characters(GgufWriter to) {
    for (int id = 0; id < tokens.length; id++) {
      if (types[id] == GgufTokenizer.NORMAL) {
        if (tokens[id].codePointCount(0, tokens[id].length()) != 1) {
          throw new IllegalArgumentException(
              "llama.cpp has no vocabularies of words, as \"" + tokens[id] + "\" is one");
        }
        tokens[id] = tokens[id].equals(" ") ? SentencePieces.SPACE : tokens[id];
      }
    }
    pieces(to, new float[tokens.length], false);
  }
}
