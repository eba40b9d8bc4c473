package io.whetstone.checkpoints.gguf;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The tokenizer in a GGUF file's metadata as the files that a model's directory has. */
final class GgufTokenizer {
  static final String PREFIX = "tokenizer.ggml.";
  static final String TEMPLATE = "tokenizer.chat_template";

  /** Kinds of tokens, by their numbers. */
  static final int NORMAL = 1;

  static final int UNKNOWN = 2;
  static final int CONTROL = 3;
  static final int USER_DEFINED = 4;
  static final int UNUSED = 5;
  static final int BYTE = 6;

  /** Ways to cut a token are tried one by one: a longer one is taken for a corrupt length. */
  private static final int LONGEST = 4_096;

  /** What ends an assistant's turn in templates, where only a token's text says so. */
  private static final List<String> TURN_ENDS =
      List.of("<|eot_id|>", "<|im_end|>", "<end_of_turn>", "<|end|>");

  private final GgufMetadata metadata;
  private final String[] tokens;
  private final long[] types;

  private GgufTokenizer(GgufMetadata metadata) {
    this.metadata = metadata;
    tokens = metadata.strings(PREFIX + "tokens");
    if (Arrays.stream(tokens).anyMatch(token -> token.length() > LONGEST)) {
      throw metadata.wrong(PREFIX + "tokens", "tokens of at most " + LONGEST + " characters");
    }
    types =
        metadata.has(PREFIX + "token_type")
            ? metadata.integers(PREFIX + "token_type")
            : java.util.stream.LongStream.generate(() -> NORMAL).limit(tokens.length).toArray();
    if (types.length != tokens.length) {
      throw metadata.wrong(PREFIX + "token_type", "one for each of " + tokens.length + " tokens");
    }
  }

  /** {@code tokenizer.json}, {@code tokenizer_config.json} and the token ids of the model. */
  record Files(ObjectNode definition, ObjectNode config, ObjectNode generation) {}

  /**
   * @throws io.whetstone.checkpoints.CheckpointException naming the key that is missing, wrong or
   *     not supported
   */
  static Files read(GgufMetadata metadata) {
    GgufTokenizer tokenizer = new GgufTokenizer(metadata);
    return new Files(tokenizer.definition(), tokenizer.config(), tokenizer.generation());
  }

  private ObjectNode definition() {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("version", "1.0");
    root.putNull("truncation");
    root.putNull("padding");
    ArrayNode added = root.putArray("added_tokens");
    for (int id = 0; id < tokens.length; id++) {
      if (types[id] == CONTROL || types[id] == USER_DEFINED || types[id] == UNKNOWN) {
        added
            .addObject()
            .put("id", id)
            .put("content", tokens[id])
            .put("single_word", false)
            .put("lstrip", false)
            .put("rstrip", false)
            .put("normalized", false)
            .put("special", types[id] != USER_DEFINED);
      }
    }
    switch (metadata.string(PREFIX + "model")) {
      case "gpt2" -> byteLevel(root);
      case "llama" -> sentencePiece(root);
      default ->
          throw metadata.wrong(
              PREFIX + "model", "gpt2 (byte-level merges) or llama (SentencePiece's merges)");
    }
    return root;
  }

  private void byteLevel(ObjectNode root) {
    String name = metadata.string(PREFIX + "pre");
    PreTokenizer pre =
        PreTokenizer.named(name)
            .orElseThrow(
                () ->
                    metadata.wrong(
                        PREFIX + "pre", "one of " + String.join(", ", PreTokenizer.known())));
    pre.describe(root);
    ObjectNode model = model(root, pre.ignoreMerges(), false);
    ArrayNode merges = model.putArray("merges");
    for (String merge : metadata.strings(PREFIX + "merges")) {
      merges.add(merge);
    }
  }

  /** As transformers converts a SentencePiece model: merges in the order of scores. */
  private void sentencePiece(ObjectNode root) {
    boolean prefixed = metadata.flag(PREFIX + "add_space_prefix", true);
    double[] scores = metadata.numbers(PREFIX + "scores");
    if (scores.length != tokens.length) {
      throw metadata.wrong(PREFIX + "scores", "one for each of " + tokens.length + " tokens");
    }
    SentencePieces.describe(root, prefixed);
    ObjectNode model = model(root, false, true);
    ArrayNode merges = model.putArray("merges");
    for (SentencePieces.Merge merge : SentencePieces.merges(tokens, types, scores)) {
      merges.add(JsonNodeFactory.instance.arrayNode().add(merge.left()).add(merge.right()));
    }
  }

  /** All tokens but the unused, which only fill the embedding up. */
  private ObjectNode model(ObjectNode root, boolean ignoreMerges, boolean bytes) {
    ObjectNode model = root.putObject("model");
    model.put("type", "BPE");
    model.putNull("dropout");
    model.putNull("unk_token");
    for (int id = 0; id < tokens.length; id++) {
      if (types[id] == UNKNOWN) {
        model.put("unk_token", tokens[id]);
      }
    }
    model.putNull("continuing_subword_prefix");
    model.putNull("end_of_word_suffix");
    model.put("fuse_unk", bytes);
    model.put("byte_fallback", bytes);
    model.put("ignore_merges", ignoreMerges);
    ObjectNode vocab = model.putObject("vocab");
    for (int id = 0; id < tokens.length; id++) {
      if (types[id] != UNUSED) {
        if (vocab.has(tokens[id])) {
          throw metadata.wrong(
              PREFIX + "tokens", "different tokens (\"" + tokens[id] + "\" is there twice)");
        }
        vocab.put(tokens[id], id);
      }
    }
    return model;
  }

  private ObjectNode config() {
    ObjectNode config = JsonNodeFactory.instance.objectNode();
    config.put("tokenizer_class", "PreTrainedTokenizerFast");
    config.put("clean_up_tokenization_spaces", false);
    config.put("model_max_length", 1_000_000_000);
    config.put("add_bos_token", metadata.flag(PREFIX + "add_bos_token", false));
    named(config, "bos_token", "bos_token_id");
    named(config, "eos_token", "eos_token_id");
    named(config, "pad_token", "padding_token_id");
    named(config, "unk_token", "unknown_token_id");
    if (metadata.has(TEMPLATE)) {
      config.put("chat_template", metadata.string(TEMPLATE));
    }
    return config;
  }

  private void named(ObjectNode config, String name, String key) {
    if (metadata.has(PREFIX + key)) {
      config.put(name, tokens[id(key)]);
    }
  }

  private int id(String key) {
    int id = metadata.count(PREFIX + key);
    if (id >= tokens.length) {
      throw metadata.wrong(PREFIX + key, "the id of one of " + tokens.length + " tokens");
    }
    return id;
  }

  private ObjectNode generation() {
    ObjectNode generation = JsonNodeFactory.instance.objectNode();
    Set<Integer> ends = new LinkedHashSet<>();
    for (String key : List.of("eos_token_id", "eot_token_id", "eom_token_id")) {
      if (metadata.has(PREFIX + key)) {
        ends.add(id(key));
      }
    }
    String template = metadata.string(TEMPLATE, "");
    List<String> inTemplate = new ArrayList<>(TURN_ENDS);
    inTemplate.removeIf(text -> !template.contains(text));
    for (int id = 0; id < tokens.length; id++) {
      if (types[id] == CONTROL && inTemplate.contains(tokens[id])) {
        ends.add(id);
      }
    }
    ArrayNode eos = generation.putArray("eos_token_id");
    ends.forEach(eos::add);
    if (metadata.has(PREFIX + "bos_token_id")) {
      generation.put("bos_token_id", id("bos_token_id"));
    }
    if (metadata.has(PREFIX + "padding_token_id")) {
      generation.put("pad_token_id", id("padding_token_id"));
    }
    return generation;
  }
}
