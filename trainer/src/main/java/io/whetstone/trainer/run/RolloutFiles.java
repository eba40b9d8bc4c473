package io.whetstone.trainer.run;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/**
 * {@code rollouts/STAGE-STEP.jsonl.gz}: a file a step, a line a completion. The same records give
 * the same bytes (Java's gzip header holds no time and no name).
 */
public final class RolloutFiles {
  private static final String SUFFIX = ".jsonl.gz";
  private static final JsonFactory JSON = new JsonFactory();

  private final Path directory;
  private final List<Path> unforced = new ArrayList<>();

  /**
   * @param directory a run's {@code rollouts/}
   */
  public RolloutFiles(Path directory) {
    this.directory = directory;
  }

  /** Writes a step's records; in the place of the step's earlier ones, if there were any. */
  void write(String stage, int step, List<RolloutRecord> records) {
    Path file = file(stage, step);
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw RunException.failure(directory + ": could not be made: " + RunException.reason(e), e);
    }
    ReplacedFile.write(
        file,
        false,
        out -> {
          try (GZIPOutputStream gzip = new GZIPOutputStream(out);
              JsonGenerator json = JSON.createGenerator(gzip)) {
            json.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
            json.setRootValueSeparator(null);
            for (RolloutRecord record : records) {
              RolloutJson.write(record, json);
              json.writeRaw('\n');
            }
            json.flush();
            gzip.finish();
          }
        });
    unforced.add(file);
  }

  /**
   * A step's records.
   *
   * @throws RunException where there are none, or the file is damaged
   */
  public List<RolloutRecord> read(String stage, int step) {
    Path file = file(stage, step);
    List<RolloutRecord> records = new ArrayList<>();
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(
                new GZIPInputStream(Files.newInputStream(file)), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        records.add(RolloutJson.read(line));
      }
    } catch (IOException | IllegalArgumentException e) {
      throw RunException.mistake(
          file + ": line " + (records.size() + 1) + " cannot be read: " + RunException.reason(e),
          e);
    }
    return records;
  }

  /** Deletes the files of steps that are not among {@code steps} (as {@code STAGE-STEP}). */
  void keepOnly(Set<String> steps) {
    if (!Files.isDirectory(directory)) {
      return;
    }
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        String name = file.getFileName().toString();
        boolean partial = name.endsWith(SUFFIX + ".partial");
        if (partial
            || (name.endsWith(SUFFIX)
                && !steps.contains(name.substring(0, name.length() - SUFFIX.length())))) {
          Files.delete(file);
        }
      }
    } catch (IOException e) {
      throw RunException.failure(
          directory + ": files of later steps cannot be deleted: " + RunException.reason(e), e);
    }
  }

  /** Forces what was written since the last time to the device. */
  void sync() {
    for (Path file : unforced) {
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.force(true);
      } catch (IOException e) {
        throw RunException.failure(
            file + ": could not be forced to disk: " + RunException.reason(e), e);
      }
    }
    unforced.clear();
  }

  private Path file(String stage, int step) {
    return directory.resolve(stage + "-" + step + SUFFIX);
  }
}
