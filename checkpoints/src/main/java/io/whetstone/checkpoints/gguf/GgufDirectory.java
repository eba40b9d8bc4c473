package io.whetstone.checkpoints.gguf;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.whetstone.checkpoints.CheckpointException;
import io.whetstone.checkpoints.CheckpointWriteException;
import io.whetstone.checkpoints.HuggingFaceModel;
import io.whetstone.model.ModelConfig;
import io.whetstone.tensor.DType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A model's directory made of a GGUF file: {@code config.json}, the tokenizer's files and the
 * generation configuration, and a link to the file, which holds the weights. So all that reads
 * models reads GGUF files.
 *
 * <p>It is made once, in the user's cache, and found again while the file is the same.
 */
public final class GgufDirectory {
  /** The link's name. */
  public static final String WEIGHTS = "model.gguf";

  /** Counts what this class writes differently, so that directories made before are not used. */
  private static final int FORM = 1;

  private GgufDirectory() {}

  /** Whether a path is of such a file. */
  public static boolean isFile(Path path) {
    return path.toString().endsWith(".gguf") && Files.isRegularFile(path);
  }

  /**
   * The directory of a file.
   *
   * @throws CheckpointException when the file is no model that is supported, naming the key
   */
  public static Path of(Path file) {
    return of(file, cache());
  }

  private static Path cache() {
    String home = System.getenv("XDG_CACHE_HOME");
    Path base =
        home == null || home.isBlank()
            ? Path.of(System.getProperty("user.home"), ".cache")
            : Path.of(home);
    return base.resolve("whetstone").resolve("gguf");
  }

  /**
   * The same, made in another place than the cache.
   *
   * @param parent where the directory is made
   */
  public static Path of(Path file, Path parent) {
    try {
      Path real = file.toRealPath();
      Path directory = parent.resolve(file.getFileName() + "-" + key(real));
      if (!Files.isDirectory(directory)) {
        make(real, directory);
      }
      return directory;
    } catch (IOException e) {
      throw new CheckpointWriteException(
          file + ": its tokenizer and configuration cannot be unpacked: " + e, e);
    }
  }

  private static String key(Path file) throws IOException {
    String identity =
        FORM + "\n" + file + "\n" + Files.size(file) + "\n" + Files.getLastModifiedTime(file);
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(identity.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest, 0, 8);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private static void make(Path file, Path directory) throws IOException {
    Files.createDirectories(directory.getParent());
    Path aside = Files.createTempDirectory(directory.getParent(), ".unpacking");
    try {
      unpack(file, aside);
      Files.createSymbolicLink(aside.resolve(WEIGHTS), file);
      Files.move(aside, directory, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException | RuntimeException e) {
      HuggingFaceFiles.delete(aside);
      // Another process may have been faster.
      if (!Files.isDirectory(directory)) {
        throw e;
      }
    }
  }

  private static void unpack(Path file, Path directory) throws IOException {
    try (GgufFile opened = GgufFile.open(file)) {
      ModelConfig config = GgufConfig.read(opened);
      GgufTokenizer.Files tokenizer = GgufTokenizer.read(opened.metadata());
      int tokens = opened.metadata().strings(GgufTokenizer.PREFIX + "tokens").length;
      if (tokens > config.vocabulary()) {
        throw new CheckpointException(
            String.format(
                "%s: the tokenizer has %d tokens, %s only %d rows",
                file, tokens, GgufNames.EMBEDDING, config.vocabulary()));
      }
      ObjectNode root = HuggingFaceModel.describe(config, DType.F32);
      root.setAll(tokenizer.generation());
      HuggingFaceModel.write(directory.resolve(HuggingFaceModel.CONFIG), root);
      HuggingFaceModel.write(directory.resolve("generation_config.json"), tokenizer.generation());
      HuggingFaceModel.write(directory.resolve("tokenizer.json"), tokenizer.definition());
      HuggingFaceModel.write(directory.resolve("tokenizer_config.json"), tokenizer.config());
    }
  }
}
