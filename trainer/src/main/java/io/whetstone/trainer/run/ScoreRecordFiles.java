package io.whetstone.trainer.run;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.whetstone.rewards.Score;
import io.whetstone.rewards.ScoreRecord;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * {@code scores/STEP-WHAT.jsonl}: a line a call of a reward whose scores cannot be computed again,
 * written and forced to the device before a step uses them. A run that was killed and goes on from
 * an earlier step finds there what it used the first time. Files of steps that no checkpoint leads
 * back to are deleted.
 */
public final class ScoreRecordFiles implements ScoreRecord {

  private static final String SUFFIX = ".jsonl";

  private final Path directory;
  private final Map<String, Deque<List<Score>>> known = new HashMap<>();
  private Path file;

  /**
   * @param directory a run's {@code scores/}
   */
  public ScoreRecordFiles(Path directory) {
    this.directory = directory;
  }

  /**
   * What is scored from now on belongs to this step.
   *
   * @param step number of the run's step, over all stages
   * @param what a stage's name, or that it is an evaluation
   */
  public void at(long step, String what) {
    known.clear();
    file = directory.resolve(step + "-" + what + SUFFIX);
    if (!Files.exists(file)) {
      return;
    }
    try {
      byte[] bytes = Files.readAllBytes(file);
      int sound = 0;
      for (int at = 0; at < bytes.length; at++) {
        if (bytes[at] == '\n') {
          read(new String(bytes, sound, at - sound, StandardCharsets.UTF_8));
          sound = at + 1;
        }
      }
      // A process was killed while it wrote its last line: nothing came of that.
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.truncate(sound);
      }
    } catch (IOException | IllegalArgumentException e) {
      throw RunException.mistake(
          file
              + ": cannot be read: "
              + RunException.reason(e)
              + "; without it the run may not end with the bits it would have had: delete it to go"
              + " on all the same",
          e);
    }
  }

  private void read(String line) throws JsonProcessingException {
    JsonNode node = RolloutJson.JSON.readTree(line);
    known
        .computeIfAbsent(node.required("call").textValue(), unused -> new ArrayDeque<>())
        .add(new ArrayList<>(RolloutJson.readScores(node).values()));
  }

  @Override
  public Optional<List<Score>> recall(String call) {
    Deque<List<Score>> recorded = known.get(call);
    return recorded == null ? Optional.empty() : Optional.ofNullable(recorded.poll());
  }

  @Override
  public void record(List<Map.Entry<String, List<Score>>> calls) {
    if (file == null) {
      throw new IllegalStateException("scores were computed outside any step");
    }
    StringBuilder lines = new StringBuilder();
    for (Map.Entry<String, List<Score>> call : calls) {
      lines.append(line(call.getKey(), call.getValue())).append('\n');
    }
    ByteBuffer bytes = ByteBuffer.wrap(lines.toString().getBytes(StandardCharsets.UTF_8));
    try {
      Files.createDirectories(directory);
      try (FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
        channel.force(true);
      }
    } catch (IOException e) {
      throw RunException.failure(file + ": could not be written: " + RunException.reason(e), e);
    }
  }

  private static String line(String call, List<Score> scores) {
    Map<String, Score> numbered = new LinkedHashMap<>();
    scores.forEach(score -> numbered.put(Integer.toString(numbered.size()), score));
    StringWriter text = new StringWriter();
    try (JsonGenerator json = RolloutJson.JSON.createGenerator(text)) {
      json.writeStartObject();
      json.writeStringField("call", call);
      RolloutJson.writeScores(numbered, json);
      json.writeEndObject();
    } catch (IOException e) {
      throw new AssertionError("a string cannot fail to be written", e);
    }
    return text.toString();
  }

  /**
   * Deletes what was recorded for earlier steps.
   *
   * @param step the oldest that a run may still go on from
   */
  public void forget(long step) {
    if (!Files.isDirectory(directory)) {
      return;
    }
    try (Stream<Path> files = Files.list(directory)) {
      for (Path each : files.toList()) {
        String name = each.getFileName().toString();
        if (name.matches("\\d{1,18}-.*\\.jsonl")
            && Long.parseLong(name.substring(0, name.indexOf('-'))) < step) {
          Files.delete(each);
        }
      }
    } catch (IOException e) {
      throw RunException.failure(
          directory + ": earlier scores cannot be deleted: " + RunException.reason(e), e);
    }
  }
}
