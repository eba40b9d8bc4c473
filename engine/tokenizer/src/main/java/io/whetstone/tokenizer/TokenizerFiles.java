package io.whetstone.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The files a tokenizer is read from and written to.
 *
 * @param origin named in errors: the path of {@code tokenizer.json}
 * @param tokenizerJson its bytes
 * @param definition its parsed contents
 * @param tokenizerConfig {@code tokenizer_config.json}, an empty object where there is none
 * @param generationConfig {@code generation_config.json}, likewise
 * @param modelConfig {@code config.json}, likewise
 * @param companions name and bytes of further files that are copied as they are
 */
record TokenizerFiles(
    String origin,
    byte[] tokenizerJson,
    JsonNode definition,
    JsonNode tokenizerConfig,
    JsonNode generationConfig,
    JsonNode modelConfig,
    Map<String, byte[]> companions) {
  static final String TOKENIZER = "tokenizer.json";
  private static final String CONFIG = "tokenizer_config.json";
  private static final int LONGEST_ADDED = 4096;
  private static final String MORE_TEMPLATES = "additional_chat_templates";
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  static TokenizerFiles read(Path directory) {
    Path file = directory.resolve(TOKENIZER);
    if (!Files.isRegularFile(file)) {
      throw new TokenizerException(
          file
              + ": no such file; a model directory needs a tokenizer.json (save the tokenizer with"
              + " transformers' save_pretrained to get one)");
    }
    try {
      byte[] bytes = Files.readAllBytes(file);
      Map<String, byte[]> companions = new TreeMap<>();
      for (String name : new String[] {CONFIG, "special_tokens_map.json", "chat_template.jinja"}) {
        if (Files.isRegularFile(directory.resolve(name))) {
          companions.put(name, Files.readAllBytes(directory.resolve(name)));
        }
      }
      if (Files.isDirectory(directory.resolve(MORE_TEMPLATES))) {
        try (Stream<Path> templates = Files.list(directory.resolve(MORE_TEMPLATES))) {
          for (Path template : templates.filter(f -> f.toString().endsWith(".jinja")).toList()) {
            companions.put(
                MORE_TEMPLATES + "/" + template.getFileName(), Files.readAllBytes(template));
          }
        }
      }
      return new TokenizerFiles(
          file.toString(),
          bytes,
          definition(file, bytes),
          optional(directory.resolve(CONFIG)),
          optional(directory.resolve("generation_config.json")),
          optional(directory.resolve("config.json")),
          companions);
    } catch (IOException e) {
      throw new TokenizerException(directory + ": cannot be read: " + e.getMessage(), e);
    }
  }

  /** Of a definition made in memory. */
  static TokenizerFiles of(
      String origin,
      ObjectNode definition,
      ObjectNode tokenizerConfig,
      Map<String, byte[]> companions) {
    JsonNode none = JsonNodeFactory.instance.objectNode();
    return new TokenizerFiles(
        origin, bytes(definition), definition, tokenizerConfig, none, none, companions);
  }

  void write(Path directory, Vocabulary vocabulary) throws IOException {
    Files.write(directory.resolve(TOKENIZER), tokenizerJson);
    for (Map.Entry<String, byte[]> companion : companions.entrySet()) {
      Path to = directory.resolve(companion.getKey());
      Files.createDirectories(to.getParent());
      Files.write(to, companion.getValue());
    }
    if (!companions.containsKey(CONFIG)) {
      ObjectNode config = JsonNodeFactory.instance.objectNode();
      config.put("tokenizer_class", "PreTrainedTokenizerFast");
      config.put("clean_up_tokenization_spaces", false);
      config.put("model_max_length", 1_000_000_000);
      putToken(config, "bos_token", vocabulary, vocabulary.beginningOfSequence());
      putToken(
          config,
          "eos_token",
          vocabulary,
          vocabulary.endOfSequence().stream().mapToInt(i -> i).findFirst());
      putToken(config, "pad_token", vocabulary, vocabulary.pad());
      Files.write(directory.resolve(CONFIG), bytes(config));
    }
  }

  private static void putToken(
      ObjectNode config, String key, Vocabulary vocabulary, OptionalInt id) {
    id.ifPresent(present -> config.put(key, vocabulary.token(present)));
  }

  String sha256() {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(tokenizerJson));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private static byte[] bytes(ObjectNode node) {
    try {
      return (JSON.writeValueAsString(node) + "\n").getBytes(StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new IllegalStateException("an object in memory can be written", e);
    }
  }

  /**
   * The library takes a prefix off the second part of each merge, and the process with it if it is
   * not there; and an added token of thousands of characters takes it minutes.
   */
  private static JsonNode definition(Path file, byte[] bytes) {
    JsonNode root = parse(file, bytes);
    String prefix = root.path("model").path("continuing_subword_prefix").asText("");
    for (JsonNode merge : root.path("model").path("merges")) {
      String second =
          merge.isArray()
              ? merge.path(1).asText()
              : merge.asText().substring(merge.asText().indexOf(' ') + 1);
      if (!second.startsWith(prefix)) {
        throw new TokenizerException(
            file
                + ": model.merges: the second part of one does not begin with"
                + " continuing_subword_prefix");
      }
    }
    for (JsonNode token : root.path("added_tokens")) {
      int length = token.path("content").asText("").length();
      if (length > LONGEST_ADDED) {
        throw new TokenizerException(
            String.format(
                "%s: added_tokens: the token of id %s has %,d characters, at most %,d are expected",
                file, token.path("id"), length, LONGEST_ADDED));
      }
    }
    return root;
  }

  private static JsonNode optional(Path file) throws IOException {
    return Files.isRegularFile(file)
        ? parse(file, Files.readAllBytes(file))
        : JsonNodeFactory.instance.objectNode();
  }

  private static JsonNode parse(Path file, byte[] bytes) {
    try {
      JsonNode node = StrictJson.parse(bytes);
      if (!node.isObject()) {
        throw new TokenizerException(file + ": expected a JSON object, got " + node.getNodeType());
      }
      return node;
    } catch (IOException e) {
      throw new TokenizerException(file + ": not valid JSON: " + reason(e), e);
    }
  }

  /** Without what the parser says of itself. */
  private static String reason(IOException e) {
    return String.valueOf(e.getMessage())
        .lines()
        .findFirst()
        .orElse("")
        .replaceFirst(" \\(start marker at .*", "");
  }
}
