package io.whetstone.tokenizer;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Makes a tokenizer from scratch, as a {@code tokenizer.json} that every reader of the format
 * reads.
 *
 * <pre>{@code
 * Tokenizer tokenizer =
 *     TokenizerBuilder.characters("0123456789+=;?")
 *         .tags(List.of("<think>", "</think>", "<answer>", "</answer>"))
 *         .endOfSequence("<|end|>")
 *         .pad("<|pad|>")
 *         .build();
 * }</pre>
 *
 * <p>Ids: the alphabet in its order (or the bytes 0 to 255), the tags, end of sequence, padding.
 */
public final class TokenizerBuilder {
  /** Not in the vocabulary, so that a reader that meets an unknown character fails. */
  private static final String NO_UNKNOWN = "<|unknown|>";

  private final ObjectNode definition = JsonNodeFactory.instance.objectNode();
  private final ObjectNode vocab = JsonNodeFactory.instance.objectNode();
  private final Set<String> tags = new LinkedHashSet<>();
  private String endOfSequence;
  private String pad;
  private String chatTemplate;

  private TokenizerBuilder() {
    definition.put("version", "1.0");
    definition.putNull("truncation");
    definition.putNull("padding");
    definition.putArray("added_tokens");
    definition.putNull("normalizer");
  }

  /**
   * One token a character of {@code alphabet}; other text is refused.
   *
   * @throws TokenizerException when the alphabet is empty or repeats a character
   */
  public static TokenizerBuilder characters(String alphabet) {
    Representability.requireWellFormed(alphabet);
    if (alphabet.isEmpty()) {
      throw new TokenizerException(
          "the alphabet is empty; give the characters the texts are made of");
    }
    TokenizerBuilder builder = new TokenizerBuilder();
    alphabet
        .codePoints()
        .mapToObj(Character::toString)
        .forEach(
            character -> {
              if (builder.vocab.has(character)) {
                throw new TokenizerException(
                    "the alphabet \"" + alphabet + "\" has '" + character + "' twice");
              }
              builder.vocab.put(character, builder.vocab.size());
            });
    ObjectNode split = builder.definition.putObject("pre_tokenizer");
    split.put("type", "Split");
    split.putObject("pattern").put("Regex", "[\\s\\S]");
    split.put("behavior", "Isolated").put("invert", false);
    builder.definition.putNull("post_processor");
    builder.definition.putObject("decoder").put("type", "Fuse");
    ObjectNode model = builder.definition.putObject("model");
    model.put("type", "WordLevel");
    model.set("vocab", builder.vocab);
    model.put("unk_token", NO_UNKNOWN);
    return builder;
  }

  /** One token a byte of the text's UTF-8: represents any text. */
  public static TokenizerBuilder bytes() {
    TokenizerBuilder builder = new TokenizerBuilder();
    for (char spelling : TokenBytes.spellingOfByte()) {
      builder.vocab.put(String.valueOf(spelling), builder.vocab.size());
    }
    builder.definition.set("pre_tokenizer", byteLevel());
    builder.definition.putNull("post_processor");
    builder.definition.set("decoder", byteLevel());
    ObjectNode model = builder.definition.putObject("model");
    model.put("type", "BPE");
    model.putNull("dropout");
    model.putNull("unk_token");
    model.putNull("continuing_subword_prefix");
    model.putNull("end_of_word_suffix");
    model.put("fuse_unk", false).put("byte_fallback", false).put("ignore_merges", false);
    model.set("vocab", builder.vocab);
    model.putArray("merges");
    return builder;
  }

  private static ObjectNode byteLevel() {
    return JsonNodeFactory.instance
        .objectNode()
        .put("type", "ByteLevel")
        .put("add_prefix_space", false)
        .put("trim_offsets", false)
        .put("use_regex", false);
  }

  /** Markup that is one token each, such as {@code <think>}; part of the text for every reader. */
  public TokenizerBuilder tags(List<String> tokens) {
    tags.addAll(tokens);
    return this;
  }

  public TokenizerBuilder endOfSequence(String token) {
    endOfSequence = token;
    return this;
  }

  public TokenizerBuilder pad(String token) {
    pad = token;
    return this;
  }

  /** A chat template in Jinja, which goes with the tokenizer wherever it is saved. */
  public TokenizerBuilder chatTemplate(String source) {
    chatTemplate = source;
    return this;
  }

  /**
   * @throws TokenizerException when there is no end of sequence, or two tokens are the same
   */
  public Tokenizer build() {
    if (endOfSequence == null) {
      throw new TokenizerException("a tokenizer needs an end of sequence, such as <|end|>");
    }
    ObjectNode config = JsonNodeFactory.instance.objectNode();
    ArrayNode added = (ArrayNode) definition.get("added_tokens");
    added.removeAll();
    // Tags are not "special" in the file: readers that leave special tokens out keep <think>.
    tags.forEach(tag -> add(added, tag, false));
    add(added, endOfSequence, true);
    config.put("eos_token", endOfSequence);
    if (pad != null) {
      add(added, pad, true);
      config.put("pad_token", pad);
    }
    return Tokenizer.of(
        TokenizerFiles.of(
            "tokenizer from scratch",
            definition.deepCopy(),
            config,
            chatTemplate == null
                ? Map.of()
                : Map.of("chat_template.jinja", chatTemplate.getBytes(StandardCharsets.UTF_8))));
  }

  private void add(ArrayNode added, String token, boolean special) {
    if (token.isEmpty() || vocab.has(token)) {
      throw new TokenizerException(
          "\"" + token + "\" cannot be a token of its own: it is empty or in the alphabet");
    }
    for (var other : added) {
      if (other.get("content").asText().equals(token)) {
        throw new TokenizerException("the token \"" + token + "\" is given twice");
      }
    }
    int id = vocab.size() + added.size();
    added
        .addObject()
        .put("id", id)
        .put("content", token)
        .put("single_word", false)
        .put("lstrip", false)
        .put("rstrip", false)
        .put("normalized", false)
        .put("special", special);
  }
}
