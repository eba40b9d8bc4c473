package io.whetstone.rewards.judge.endpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Answers on disc, a file each, named by a hash of what was asked of whom. Several processes may
 * share it. Beyond its bound the files that were longest unused are deleted; it touches no file
 * that is not named like its own.
 */
final class AnswerCache {

  /** What is remembered of an answer; what it costs depends on today's price. */
  record Remembered(String text, boolean complete, long promptTokens, long answerTokens) {}

  private record Kept(Path file, long bytes, FileTime used) {}

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path directory;
  private final long most;
  private long bytes = -1; // guarded by this; not counted yet

  /**
   * @param most bytes of all files
   */
  AnswerCache(Path directory, long most) {
    this.directory = directory;
    this.most = most;
  }

  /**
   * Makes the directory.
   *
   * @throws IllegalArgumentException where nothing can be written there
   */
  void prepare() {
    if (most == 0) {
      return;
    }
    try {
      Files.createDirectories(directory);
      Files.delete(Files.createTempFile(directory, "probe", ".partial"));
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "cache.directory: "
              + directory
              + " cannot be written ("
              + e
              + "); give another, or megabytes: 0 to remember no answers",
          e);
    }
  }

  /**
   * @param key 64 hexadecimal digits
   */
  Optional<Remembered> get(String key) {
    if (most == 0) {
      return Optional.empty();
    }
    Path file = file(key);
    try {
      JsonNode node = JSON.readTree(Files.readAllBytes(file));
      Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
      return Optional.of(
          new Remembered(
              node.required("text").textValue(),
              node.required("complete").booleanValue(),
              node.required("prompt-tokens").longValue(),
              node.required("answer-tokens").longValue()));
    } catch (IOException | IllegalArgumentException e) {
      return Optional.empty(); // not there, or damaged: it is asked again and written anew
    }
  }

  /** A disc that is full costs the memory, not the answer. */
  void put(String key, Remembered answer) {
    if (most == 0) {
      return;
    }
    Path file = file(key);
    try {
      Files.createDirectories(file.getParent());
      Path partial = Files.createTempFile(file.getParent(), key, ".partial");
      byte[] text =
          JSON.writeValueAsBytes(
              JSON.createObjectNode()
                  .put("text", answer.text())
                  .put("complete", answer.complete())
                  .put("prompt-tokens", answer.promptTokens())
                  .put("answer-tokens", answer.answerTokens()));
      Files.write(partial, text);
      Files.move(
          partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      bound(text.length);
    } catch (IOException e) {
      // As above.
    }
  }

  private Path file(String key) {
    return directory.resolve(key.substring(0, 2)).resolve(key + ".json");
  }

  private synchronized void bound(long written) throws IOException {
    bytes = bytes < 0 ? files().stream().mapToLong(Kept::bytes).sum() : bytes + written;
    if (bytes <= most) {
      return;
    }
    List<Kept> files = files();
    files.sort(Comparator.comparing(Kept::used).thenComparing(Kept::file));
    bytes = files.stream().mapToLong(Kept::bytes).sum();
    for (Kept kept : files) {
      if (bytes <= most - most / 10) {
        return;
      }
      Files.deleteIfExists(kept.file());
      bytes -= kept.bytes();
    }
  }

  private List<Kept> files() throws IOException {
    List<Kept> kept = new ArrayList<>();
    try (Stream<Path> files = Files.walk(directory, 2)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        if (file.getFileName().toString().matches("[0-9a-f]{64}.*\\.(json|partial)")) {
          try {
            kept.add(new Kept(file, Files.size(file), Files.getLastModifiedTime(file)));
          } catch (NoSuchFileException e) {
            // Another process was faster.
          }
        }
      }
    }
    return kept;
  }
}
