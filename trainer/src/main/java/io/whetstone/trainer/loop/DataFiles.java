package io.whetstone.trainer.loop;

import io.whetstone.checkpoints.Checkpoint;
import io.whetstone.datasets.tables.TableFiles;
import io.whetstone.trainer.config.Data;
import io.whetstone.trainer.config.Experiment;
import io.whetstone.trainer.config.Stage;
import io.whetstone.trainer.run.HubProgress;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Knows a run's data files again: a resumed run must read what it read before, or it would go on to
 * another result without a word.
 */
final class DataFiles {
  private DataFiles() {}

  /** SHA-256 of each file that the experiment names, by the path as it is configured. */
  static Map<String, String> hashes(Experiment experiment, Path directory) {
    Map<String, String> hashes = new TreeMap<>();
    for (Stage stage : experiment.stages()) {
      stage.files().forEach(file -> add(file, directory, hashes));
      addTables(stage.source(), directory, hashes);
    }
    experiment
        .evaluation()
        .ifPresent(
            evaluation -> {
              add(evaluation.tasks(), directory, hashes);
              add(evaluation.longer(), directory, hashes);
            });
    return hashes;
  }

  /** SHA-256 of each file of a model's weights. */
  static Map<String, String> weights(Path model) {
    Map<String, String> hashes = new TreeMap<>();
    try (Stream<Path> files = Files.list(model)) {
      files
          .filter(file -> file.toString().matches(".*\\.(safetensors|gguf)"))
          .filter(file -> !file.endsWith(Checkpoint.OPTIMIZER))
          .forEach(file -> hashes.put(file.toString(), sha256(file)));
      return hashes;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void add(Optional<Data> data, Path directory, Map<String, String> hashes) {
    data.ifPresent(d -> d.files().forEach(file -> add(file, directory, hashes)));
    addTables(data, directory, hashes);
  }

  /** By their names within what is configured: where a cache is does not matter. */
  private static void addTables(Optional<Data> data, Path directory, Map<String, String> hashes) {
    data.stream()
        .flatMap(d -> d.sources().stream())
        .flatMap(source -> source.table().stream())
        .forEach(
            table -> {
              String where = table.hub().orElseGet(() -> table.path().orElseThrow().toString());
              for (TableFiles.Located file :
                  new TableFiles(table, HubProgress::hub).locate(directory)) {
                hashes.computeIfAbsent(
                    where.endsWith(file.name()) ? where : where + "/" + file.name(),
                    name -> sha256(file.path()));
              }
            });
  }

  private static void add(Path file, Path directory, Map<String, String> hashes) {
    hashes.computeIfAbsent(file.toString(), name -> sha256(directory.resolve(file)));
  }

  /**
   * @throws IllegalArgumentException naming a file that is not what it was
   */
  static void requireSame(Map<String, String> before, Map<String, String> now) {
    before.forEach(
        (file, hash) -> {
          if (!hash.equals(now.get(file))) {
            throw new IllegalArgumentException(
                file
                    + ": has changed since the run's last checkpoint, and going on would not give"
                    + " the run's result; put the file back as it was (SHA-256 "
                    + hash.substring(0, 12)
                    + "…), or start a new run");
          }
        });
  }

  private static String sha256(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      in.transferTo(new DigestOutputStream(OutputStream.nullOutputStream(), digest));
      return HexFormat.of().formatHex(digest.digest());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
