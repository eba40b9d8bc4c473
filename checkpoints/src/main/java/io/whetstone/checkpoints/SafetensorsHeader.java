package io.whetstone.checkpoints;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The JSON at the start of a safetensors file.
 *
 * @param tensors in the order of their data
 */
record SafetensorsHeader(Map<String, String> metadata, List<StoredTensor> tensors) {
  /** The format's own limit; a longer header is a corrupt length. */
  static final long MAX_BYTES = 100_000_000;

  private static final String METADATA = "__metadata__";
  private static final ObjectMapper JSON =
      new ObjectMapper()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  /** The header's JSON, padded with spaces so that the data after it is 8-byte aligned. */
  byte[] encode() {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    ObjectNode meta = root.putObject(METADATA);
    new TreeMap<>(metadata).forEach(meta::put);
    for (StoredTensor tensor : tensors) {
      ObjectNode node = root.putObject(tensor.name());
      node.put("dtype", tensor.type().name());
      tensor.shape().forEach(node.putArray("shape")::add);
      node.putArray("data_offsets").add(tensor.begin()).add(tensor.end());
    }
    byte[] json = root.toString().getBytes(StandardCharsets.UTF_8);
    byte[] padded = Arrays.copyOf(json, (json.length + 7) / 8 * 8);
    Arrays.fill(padded, json.length, padded.length, (byte) ' ');
    return padded;
  }

  /**
   * @param file named in errors
   * @param dataBytes how many bytes follow the header
   * @throws CheckpointException when the header does not describe exactly these bytes
   */
  static SafetensorsHeader parse(String file, byte[] json, long dataBytes) {
    JsonNode root;
    try {
      root = JSON.readTree(json);
    } catch (IOException e) {
      throw new CheckpointException(
          file + ": corrupt: its header is not valid JSON: " + firstLine(e), e);
    }
    if (root == null || !root.isObject()) {
      throw new CheckpointException(file + ": corrupt: its header is not a JSON object");
    }
    Map<String, String> metadata = new LinkedHashMap<>();
    List<StoredTensor> tensors = new ArrayList<>();
    for (Map.Entry<String, JsonNode> entry : root.properties()) {
      if (entry.getKey().equals(METADATA)) {
        entry.getValue().properties().forEach(e -> metadata.put(e.getKey(), e.getValue().asText()));
      } else {
        tensors.add(tensor(file + ": tensor " + entry.getKey(), entry.getKey(), entry.getValue()));
      }
    }
    // A tensor without elements shares its begin with the next one, and must come before it.
    tensors.sort(Comparator.comparingLong(StoredTensor::begin).thenComparing(StoredTensor::end));
    requireContiguous(file, tensors, dataBytes);
    return new SafetensorsHeader(metadata, List.copyOf(tensors));
  }

  private static StoredTensor tensor(String where, String name, JsonNode node) {
    JsonNode dtype = node.path("dtype");
    StoredType type =
        Arrays.stream(StoredType.values())
            .filter(t -> t.name().equals(dtype.textValue()))
            .findFirst()
            .orElseThrow(
                () ->
                    new CheckpointException(
                        where
                            + ": dtype "
                            + (dtype.isMissingNode() ? "is missing" : dtype)
                            + "; known are "
                            + Arrays.toString(StoredType.values())));
    List<Long> shape = longs(where, "shape", node.path("shape"));
    List<Long> offsets = longs(where, "data_offsets", node.path("data_offsets"));
    if (offsets.size() != 2 || offsets.getFirst() > offsets.getLast()) {
      throw new CheckpointException(
          where + ": data_offsets " + offsets + " are not a begin and an end");
    }
    StoredTensor tensor =
        new StoredTensor(name, type, shape, offsets.getFirst(), offsets.getLast());
    long expected;
    try {
      expected = Math.multiplyExact(tensor.size(), type.bytes());
    } catch (ArithmeticException e) {
      throw new CheckpointException(where + ": " + tensor + " is impossibly large", e);
    }
    if (tensor.end() - tensor.begin() != expected) {
      throw new CheckpointException(
          String.format(
              "%s: %s takes %,d bytes, but data_offsets %s span %,d",
              where, tensor, expected, offsets, tensor.end() - tensor.begin()));
    }
    return tensor;
  }

  private static List<Long> longs(String where, String key, JsonNode node) {
    List<Long> values = new ArrayList<>();
    for (JsonNode value : node) {
      if (!value.isIntegralNumber() || !value.canConvertToLong() || value.longValue() < 0) {
        throw new CheckpointException(where + ": " + key + " has " + value + ", expected counts");
      }
      values.add(value.longValue());
    }
    if (!node.isArray()) {
      throw new CheckpointException(where + ": " + key + " is missing or not a list");
    }
    return List.copyOf(values);
  }

  private static void requireContiguous(String file, List<StoredTensor> tensors, long dataBytes) {
    long at = 0;
    for (StoredTensor tensor : tensors) {
      if (tensor.begin() != at) {
        throw new CheckpointException(
            String.format(
                "%s: corrupt: tensor %s begins at byte %,d of the data, expected %,d (%s)",
                file,
                tensor.name(),
                tensor.begin(),
                at,
                tensor.begin() < at ? "tensors overlap" : "bytes belong to no tensor"));
      }
      at = tensor.end();
    }
    if (at != dataBytes) {
      throw new CheckpointException(
          String.format(
              "%s: %s: its header describes %,d bytes of tensors, the file has %,d",
              file, at > dataBytes ? "truncated" : "corrupt", at, dataBytes));
    }
  }

  private static String firstLine(IOException e) {
    return e.getMessage().lines().findFirst().orElse("");
  }
}
