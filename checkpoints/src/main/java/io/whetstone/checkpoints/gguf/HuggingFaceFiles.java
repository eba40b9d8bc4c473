package io.whetstone.checkpoints.gguf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;

/** A model's small files, on their way from or to a GGUF file. */
final class HuggingFaceFiles {
  private static final ObjectMapper JSON = new ObjectMapper();

  private HuggingFaceFiles() {}

  static JsonNode read(Path file) throws IOException {
    return JSON.readTree(Files.readAllBytes(file));
  }

  /** The chat template: a file of its own, else in the configuration, the default of several. */
  static Optional<String> template(Path directory) throws IOException {
    Path own = directory.resolve("chat_template.jinja");
    if (Files.isRegularFile(own)) {
      return Optional.of(Files.readString(own));
    }
    JsonNode config = read(directory.resolve("tokenizer_config.json")).path("chat_template");
    for (JsonNode named : config.isArray() ? config : JSON.createArrayNode()) {
      if (named.path("name").asText().equals("default")) {
        return Optional.of(named.path("template").asText());
      }
    }
    return Optional.ofNullable(config.textValue());
  }

  /** Deletes a directory and all in it; one that is not there is fine. */
  static void delete(Path directory) throws IOException {
    if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
