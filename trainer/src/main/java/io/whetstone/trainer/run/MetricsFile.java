package io.whetstone.trainer.run;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * {@code metrics.jsonl}: a JSON object a line, appended step by step.
 *
 * <p>The same values give the same bytes: {@code stage}, {@code step} and {@code time} (seconds
 * since 1970) come first, the other keys in alphabetical order; whole numbers are written without a
 * point, others in the shortest form that reads back to the same double, absent ones (NaN,
 * infinite) as {@code null}.
 */
final class MetricsFile implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path file;
  private final FileChannel channel;

  private MetricsFile(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /**
   * Opens the file to append after its first {@code length} bytes; what follows them is cut off.
   *
   * @throws RunException where the file is shorter, or a line would be cut in two
   */
  static MetricsFile open(Path file, long length) {
    try {
      FileChannel channel =
          FileChannel.open(
              file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
      if (channel.size() < length || !endsLine(channel, length)) {
        long size = channel.size();
        channel.close();
        throw RunException.mistake(
            file
                + ": the checkpoint was made when it had "
                + length
                + " bytes; now it has "
                + size
                + ", or other ones: restore it from a copy, or start a new run");
      }
      channel.truncate(length);
      channel.position(length);
      return new MetricsFile(file, channel);
    } catch (IOException e) {
      throw RunException.failure(file + ": could not be opened: " + RunException.reason(e), e);
    }
  }

  private static boolean endsLine(FileChannel channel, long length) throws IOException {
    if (length == 0) {
      return true;
    }
    ByteBuffer last = ByteBuffer.allocate(1);
    return channel.read(last, length - 1) == 1 && last.get(0) == '\n';
  }

  /** Appends a step's line; where that fails, what was written of it is taken back. */
  void append(String stage, int step, Instant time, Map<String, Double> metrics) {
    ByteBuffer bytes =
        ByteBuffer.wrap(line(stage, step, time, metrics).getBytes(StandardCharsets.UTF_8));
    long before = -1;
    try {
      before = channel.position();
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
    } catch (IOException e) {
      takeBack(before);
      throw RunException.failure(file + ": could not be written: " + RunException.reason(e), e);
    }
  }

  private void takeBack(long length) {
    try {
      if (length >= 0) {
        channel.truncate(length);
      }
    } catch (IOException e) {
      // The error that led here says more; resuming truncates too.
    }
  }

  private static String line(String stage, int step, Instant time, Map<String, Double> metrics) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = JSON.getFactory().createGenerator(text)) {
      json.writeStartObject();
      json.writeStringField("stage", stage);
      json.writeNumberField("step", step);
      json.writeFieldName("time");
      json.writeNumber(BigDecimal.valueOf(time.toEpochMilli(), 3));
      for (Map.Entry<String, Double> entry : new TreeMap<>(metrics).entrySet()) {
        json.writeFieldName(entry.getKey());
        writeNumber(json, entry.getValue());
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new AssertionError("a string cannot fail to be written", e);
    }
    return text.append('\n').toString();
  }

  private static void writeNumber(JsonGenerator json, Double value) throws IOException {
    if (value == null || !Double.isFinite(value)) {
      json.writeNull();
    } else if (value == Math.rint(value) && Math.abs(value) < 0x1p53) {
      json.writeNumber(value.longValue());
    } else {
      json.writeNumber(Double.toString(value));
    }
  }

  /** Forces what was written to the device and says how many bytes there are. */
  long sync() {
    try {
      channel.force(true);
      return channel.size();
    } catch (IOException e) {
      throw RunException.failure(
          file + ": could not be forced to disk: " + RunException.reason(e), e);
    }
  }

  /** The steps that have a line, as {@code STAGE-STEP}. */
  Set<String> steps() {
    Set<String> steps = new HashSet<>();
    int number = 0;
    try (BufferedReader lines = Files.newBufferedReader(file)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        number++;
        JsonNode node = JSON.readTree(line);
        steps.add(node.required("stage").asText() + "-" + node.required("step").asInt());
      }
    } catch (JsonProcessingException | IllegalArgumentException e) {
      throw RunException.mistake(
          file + ":" + number + ": not a line of metrics: " + e.getMessage(), e);
    } catch (IOException e) {
      throw RunException.mistake(file + ": could not be read: " + RunException.reason(e), e);
    }
    return steps;
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw RunException.failure(file + ": could not be closed: " + RunException.reason(e), e);
    }
  }
}
