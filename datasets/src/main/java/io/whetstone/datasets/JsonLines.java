package io.whetstone.datasets;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;

/**
 * Reads a stream of JSON objects, one a line. Holds one line at a time. Blank lines are passed
 * over; a byte order mark at the beginning and carriage returns at line ends are allowed.
 */
public final class JsonLines implements Closeable {

  /** Longer lines are bad: a file without line ends must not fill the memory. */
  static final int LONGEST_LINE = 16 << 20;

  /**
   * One line as it stands in the file.
   *
   * @param number from 1
   * @param offset of its first byte in the stream
   * @param bytes without the line end; only the beginning of one that is too long
   */
  public record Line(long number, long offset, byte[] bytes) {
    boolean isTooLong() {
      return bytes.length > LONGEST_LINE;
    }
  }

  private static final byte[] BYTE_ORDER_MARK = {(byte) 0xef, (byte) 0xbb, (byte) 0xbf};

  // Numbers keep their digits: 0.50 stays 0.50, and 12345678901234567890.1 all of them.
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();

  private final InputStream in;
  private final byte[] buffer = new byte[1 << 16];
  private int from; // of what is in the buffer and not yet taken
  private int to;
  private long number;
  private long offset;

  public JsonLines(InputStream in) {
    this.in = in;
  }

  /** The next line that is not blank, or null at the end. */
  public Line next() throws IOException {
    while (true) {
      long start = offset;
      byte[] bytes = readLine();
      if (bytes == null) {
        return null;
      }
      number++;
      if (number == 1 && startsWithMark(bytes)) {
        start += BYTE_ORDER_MARK.length;
        bytes = Arrays.copyOfRange(bytes, BYTE_ORDER_MARK.length, bytes.length);
      }
      if (!isBlank(bytes)) {
        return new Line(number, start, bytes);
      }
    }
  }

  /** The bytes up to the line end, which is taken too; null at the end of the stream. */
  private byte[] readLine() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    boolean any = false;
    while (from < to || fill()) {
      any = true;
      int end = from;
      while (end < to && buffer[end] != '\n') {
        end++;
      }
      line.write(buffer, from, Math.min(end - from, LONGEST_LINE + 1 - line.size()));
      boolean ended = end < to;
      int taken = end - from + (ended ? 1 : 0);
      offset += taken;
      from += taken;
      if (ended) {
        break;
      }
    }
    return any ? line.toByteArray() : null;
  }

  private boolean fill() throws IOException {
    from = 0;
    to = Math.max(0, in.read(buffer));
    return to > 0;
  }

  private static boolean startsWithMark(byte[] bytes) {
    return bytes.length >= 3 && Arrays.equals(bytes, 0, 3, BYTE_ORDER_MARK, 0, 3);
  }

  private static boolean isBlank(byte[] bytes) {
    for (byte b : bytes) {
      if (b != ' ' && b != '\t' && b != '\r') {
        return false;
      }
    }
    return true;
  }

  /**
   * The object on a line.
   *
   * @throws DatasetException if it is not one; file and line are left to the caller to name
   */
  public static ObjectNode parse(Line line) {
    if (line.isTooLong()) {
      throw new DatasetException("is longer than 16 MiB; expected one JSON object a line");
    }
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(line.bytes())).toString();
    } catch (CharacterCodingException e) {
      throw new DatasetException("is not UTF-8 (" + e.getMessage() + "); expected a file in UTF-8");
    }
    JsonNode node = parseText(text);
    if (node instanceof ObjectNode object) {
      return object;
    }
    throw new DatasetException(
        "is JSON, but not an object (" + Row.kind(node) + "); expected {\"field\": …}");
  }

  /**
   * Any JSON value.
   *
   * @throws DatasetException if it is not one
   */
  static JsonNode parseText(String text) {
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException e) {
      long column = e.getLocation() == null ? 1 : e.getLocation().getColumnNr();
      throw new DatasetException(
          "is not JSON (column "
              + column
              + ": "
              + e.getOriginalMessage().lines().findFirst().orElse("")
              + "); expected one object a line");
    }
  }

  /** An object's fields as maps, lists, strings, numbers and booleans, in the file's order. */
  @SuppressWarnings("unchecked") // Jackson gives a map with text keys for an object
  public static Map<String, Object> fields(ObjectNode object) {
    return JSON.convertValue(object, Map.class);
  }

  /** A value as JSON on one line. */
  static String write(Object value) {
    try {
      return JSON.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(value + " cannot be written as JSON", e);
    }
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
