package io.whetstone.datasets.tables;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.whetstone.datasets.DatasetException;
import io.whetstone.datasets.settings.Names;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a dataset's README says of its files, between its first two lines of {@code ---}:
 *
 * <pre>
 * configs:
 * - config_name: main
 *   default: true
 *   data_files:
 *   - split: train
 *     path: main/train-*
 * </pre>
 */
final class DatasetCard {

  private final String where;
  private final Map<String, JsonNode> configs = new LinkedHashMap<>();

  private DatasetCard(String where) {
    this.where = where;
  }

  /**
   * @param where named in complaints
   * @throws DatasetException if its YAML is none
   */
  static DatasetCard parse(String readme, String where) {
    DatasetCard card = new DatasetCard(where);
    List<String> yaml = new ArrayList<>();
    boolean within = false;
    for (String line : readme.lines().toList()) {
      if (line.stripTrailing().equals("---")) {
        if (within) {
          break;
        }
        within = true;
      } else if (within) {
        yaml.add(line);
      } else if (!line.isBlank()) {
        break;
      }
    }
    try {
      JsonNode root = new YAMLMapper().readTree(String.join("\n", yaml));
      for (JsonNode config : root.path("configs")) {
        card.configs.put(config.path("config_name").asText("default"), config);
      }
    } catch (IOException e) {
      throw new DatasetException(
          where
              + "/README.md: its YAML cannot be read ("
              + e.getMessage().lines().findFirst().get()
              + ")",
          e);
    }
    return card;
  }

  /**
   * The patterns of each split in a configuration; empty where the card names no files.
   *
   * @throws DatasetException if there is no such configuration, or which is meant is not clear
   */
  Optional<Map<String, List<String>>> splits(Optional<String> asked) {
    if (configs.isEmpty()) {
      return Optional.empty();
    }
    JsonNode config = configs.get(asked.orElseGet(this::usual));
    if (config == null) {
      throw new DatasetException(
          where
              + ": config: "
              + asked.orElseThrow()
              + " "
              + Names.unknown(asked.orElseThrow(), configs.keySet()));
    }
    JsonNode files = config.path("data_files");
    if (files.isMissingNode()) {
      return Optional.empty();
    }
    String prefix = config.path("data_dir").asText("");
    return Optional.of(splits(files, prefix.isEmpty() ? "" : prefix.replaceAll("/*$", "/")));
  }

  /** Where the files of a configuration are, when the card names no files but a directory. */
  Optional<String> directory(Optional<String> asked) {
    return Optional.ofNullable(configs.isEmpty() ? null : configs.get(asked.orElseGet(this::usual)))
        .map(config -> config.path("data_dir").asText(""))
        .filter(directory -> !directory.isEmpty());
  }

  private String usual() {
    if (configs.size() == 1) {
      return configs.keySet().iterator().next();
    }
    return configs.entrySet().stream()
        .filter(e -> e.getValue().path("default").asBoolean() || e.getKey().equals("default"))
        .map(Map.Entry::getKey)
        .findFirst()
        .orElseThrow(
            () ->
                new DatasetException(
                    where
                        + ": has several configurations; set config to one of "
                        + String.join(", ", configs.keySet())));
  }

  private Map<String, List<String>> splits(JsonNode files, String prefix) {
    Map<String, List<String>> splits = new LinkedHashMap<>();
    if (files.isObject()) {
      files.properties().forEach(e -> add(splits, e.getKey(), e.getValue(), prefix));
    } else if (files.isArray() && files.path(0).isObject()) {
      files.forEach(
          entry -> add(splits, entry.path("split").asText("train"), entry.path("path"), prefix));
    } else {
      add(splits, "train", files, prefix);
    }
    return splits;
  }

  private static void add(
      Map<String, List<String>> splits, String split, JsonNode paths, String prefix) {
    List<String> patterns = splits.computeIfAbsent(split, unused -> new ArrayList<>());
    if (paths.isArray()) {
      paths.forEach(path -> patterns.add(prefix + path.asText()));
    } else {
      patterns.add(prefix + paths.asText());
    }
  }
}
