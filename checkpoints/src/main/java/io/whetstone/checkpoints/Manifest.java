package io.whetstone.checkpoints;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * What a checkpoint's directory must contain; written last, so that a directory with a manifest
 * that verifies is complete.
 *
 * @param files for each path, relative and with slashes, its length and SHA-256
 */
record Manifest(long step, OptionalDouble score, SortedMap<String, Entry> files) {
  static final String NAME = "manifest.json";
  private static final int FORMAT = 1;
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  record Entry(long bytes, String sha256) {}

  /** Of the files that lie in a directory now. */
  static Manifest of(Path directory, long step, OptionalDouble score) throws IOException {
    SortedMap<String, Entry> files = new TreeMap<>();
    try (Stream<Path> paths = Files.walk(directory)) {
      for (Path path : (Iterable<Path>) paths.filter(Files::isRegularFile)::iterator) {
        files.put(
            directory.relativize(path).toString().replace('\\', '/'),
            new Entry(Files.size(path), sha256(path)));
      }
    }
    return new Manifest(step, score, files);
  }

  void write(Path directory) throws IOException {
    Files.write(directory.resolve(NAME), encode());
  }

  /** With a checksum of itself, since no one else can tell a changed step or score. */
  private byte[] encode() throws IOException {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("format", FORMAT);
    root.put("step", step);
    score.ifPresentOrElse(s -> root.put("score", s), () -> root.putNull("score"));
    ObjectNode list = root.putObject("files");
    files.forEach(
        (name, entry) ->
            list.putObject(name).put("bytes", entry.bytes()).put("sha256", entry.sha256()));
    byte[] unsigned = root.toString().getBytes(StandardCharsets.UTF_8);
    root.put("sha256", HexFormat.of().formatHex(sha256().digest(unsigned)));
    return (JSON.writeValueAsString(root) + "\n").getBytes(StandardCharsets.UTF_8);
  }

  /**
   * @throws CheckpointException when there is none, or it is not as it was written
   */
  static Manifest read(Path directory) {
    Path file = directory.resolve(NAME);
    if (!Files.isRegularFile(file)) {
      throw new CheckpointException(file + ": no such file, so the checkpoint is not complete");
    }
    try {
      byte[] bytes = Files.readAllBytes(file);
      Manifest manifest = decode(JSON.readTree(bytes));
      if (!Arrays.equals(manifest.encode(), bytes)) {
        throw new CheckpointException(file + ": corrupt: it does not match its own checksum");
      }
      return manifest;
    } catch (IOException e) {
      throw new CheckpointException(
          file + ": corrupt: " + e.getMessage().lines().findFirst().orElse("not JSON"), e);
    }
  }

  private static Manifest decode(JsonNode root) {
    SortedMap<String, Entry> files = new TreeMap<>();
    for (Map.Entry<String, JsonNode> listed : root.path("files").properties()) {
      JsonNode entry = listed.getValue();
      files.put(
          listed.getKey(), new Entry(entry.path("bytes").asLong(), entry.path("sha256").asText()));
    }
    JsonNode score = root.path("score");
    return new Manifest(
        root.path("step").asLong(),
        score.isNumber() ? OptionalDouble.of(score.asDouble()) : OptionalDouble.empty(),
        files);
  }

  /**
   * Reads every file and compares.
   *
   * @throws CheckpointException naming the first file that is missing or not as it was written
   */
  void verify(Path directory) {
    for (Map.Entry<String, Entry> listed : files.entrySet()) {
      Path file = directory.resolve(listed.getKey());
      Entry expected = listed.getValue();
      if (!Files.isRegularFile(file)) {
        throw new CheckpointException(file + ": missing; " + NAME + " lists it");
      }
      try {
        if (Files.size(file) != expected.bytes()) {
          throw new CheckpointException(
              String.format(
                  "%s: %s: expected %,d bytes, got %,d",
                  file,
                  Files.size(file) < expected.bytes() ? "truncated" : "corrupt",
                  expected.bytes(),
                  Files.size(file)));
        }
        String actual = sha256(file);
        if (!actual.equals(expected.sha256())) {
          throw new CheckpointException(
              file + ": corrupt: expected SHA-256 " + expected.sha256() + ", got " + actual);
        }
      } catch (IOException e) {
        throw new CheckpointException(file + ": cannot be read: " + e.getMessage(), e);
      }
    }
  }

  private static String sha256(Path file) throws IOException {
    MessageDigest digest = sha256();
    try (InputStream in = Files.newInputStream(file)) {
      byte[] buffer = new byte[1 << 20];
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        digest.update(buffer, 0, n);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
