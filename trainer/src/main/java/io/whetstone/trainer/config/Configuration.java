package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Settings;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An experiment as read from a file, with what it was read from.
 *
 * <p>A relative path in a configuration starts from the current directory or, when nothing is
 * there, from the configuration file's directory.
 *
 * @param source the file, as it was named
 * @param resolved the whole configuration with defaults written out and paths made absolute
 * @param neutral paths in it that cannot change a run's result
 */
public record Configuration(
    Path source, Experiment experiment, Map<String, Object> resolved, Set<String> neutral) {
  private static final Pattern STAGE = Pattern.compile("stages\\[(\\d+)]\\.([a-z0-9-]+)");

  /**
   * Reads a configuration.
   *
   * @param overrides {@code path=value}, applied in order
   * @throws ConfigurationException when it cannot be used; the message names file, key and line
   */
  public static Configuration load(Path file, List<String> overrides) {
    YamlTree tree = YamlTree.parse(read(file), file.toString());
    if (!(tree.root() instanceof Map<?, ?> map)) {
      throw new ConfigurationException(
          file
              + ": is "
              + (tree.root() == null ? "empty" : "no map")
              + "; expected keys: "
              + String.join(", ", Settings.keys(Experiment.class)));
    }
    @SuppressWarnings("unchecked") // a YamlTree's maps have text keys
    Map<String, Object> root = (Map<String, Object>) map;
    Map<String, String> origins = new HashMap<>();
    tree.lines().forEach((path, line) -> origins.put(path, "line " + line));
    for (String override : overrides) {
      String set = Overrides.apply(root, override);
      origins.keySet().removeIf(path -> path.startsWith(set));
      origins.put(set, "--set " + override);
    }
    Resolution resolution = new Resolution(path -> locate(path, file));
    try {
      Settings.read(root, Experiment.class, "");
      Map<String, Object> resolved = resolution.complete(root, Experiment.class, "");
      Experiment experiment = Settings.read(resolved, Experiment.class, "");
      return new Configuration(file, experiment, resolved, resolution.neutral());
    } catch (IllegalArgumentException e) {
      throw new ConfigurationException(file + ": " + explain(e.getMessage(), origins, root), e);
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (CharacterCodingException e) {
      throw new ConfigurationException(file + ": is not text in UTF-8", e);
    } catch (IOException e) {
      String why =
          Files.isDirectory(file)
              ? "is a directory; expected a configuration in YAML"
              : !Files.exists(file)
                  ? "is not there; expected a configuration in YAML"
                  : e instanceof AccessDeniedException ? "may not be read" : "cannot be read: " + e;
      throw new ConfigurationException(file + ": " + why, e);
    }
  }

  static Path locate(Path path, Path configuration) {
    Path here = path.toAbsolutePath().normalize();
    Path beside = configuration.toAbsolutePath().resolveSibling(path).normalize();
    return !Files.exists(here) && Files.exists(beside) ? beside : here;
  }

  /** The complaint with its stage called as people call it, and where the value came from. */
  private static String explain(String message, Map<String, String> origins, Map<?, ?> root) {
    int end = message.indexOf(": ");
    String path = end < 0 ? "" : message.substring(0, end);
    String origin = origins.get(path);
    while (origin == null && !path.isEmpty()) {
      path = path.substring(0, Math.max(0, Math.max(path.lastIndexOf('.'), path.lastIndexOf('['))));
      origin = path.isEmpty() ? null : origins.get(path);
    }
    String where = origin == null ? "" : " (" + origin + ")";
    return shortStage(message, root) + where;
  }

  private static String shortStage(String message, Map<?, ?> root) {
    Matcher matcher = STAGE.matcher(message);
    if (!matcher.lookingAt()) {
      return message;
    }
    String kind = matcher.group(2);
    List<?> stages = (List<?>) root.get("stages");
    long same =
        stages.stream()
            .filter(s -> s instanceof Map<?, ?> stage && stage.containsKey(kind))
            .count();
    Object name =
        stages.get(Integer.parseInt(matcher.group(1))) instanceof Map<?, ?> stage
                && stage.get(kind) instanceof Map<?, ?> body
            ? body.get("name")
            : null;
    String called =
        same == 1
            ? kind
            : name != null ? name.toString() : "stages." + matcher.group(1) + "." + kind;
    return called + message.substring(matcher.end());
  }

  /** The whole configuration as YAML, every default written out; reading it gives an equal one. */
  public String yaml() {
    return YamlText.of(resolved);
  }

  /**
   * The keys in which another configuration would give another result, in order; each with both
   * values, {@code grpo.clip-high: 0.2 → 0.28}.
   */
  public List<String> differences(Configuration other) {
    Map<String, Object> mine = flat(this);
    Map<String, Object> others = flat(other);
    Set<String> keys = new TreeSet<>(mine.keySet());
    keys.addAll(others.keySet());
    List<String> differences = new ArrayList<>();
    for (String key : keys) {
      Object before = mine.get(key);
      Object after = others.get(key);
      if (before == null || !before.equals(after)) {
        differences.add(shortStage(key, resolved) + ": " + show(before) + " → " + show(after));
      }
    }
    return differences;
  }

  private static String show(Object value) {
    return switch (value) {
      case null -> "not set";
      case BigDecimal number -> number.toPlainString();
      default -> value.toString();
    };
  }

  private static Map<String, Object> flat(Configuration configuration) {
    Map<String, Object> flat = new TreeMap<>();
    flatten(configuration.resolved, "", configuration.neutral, flat);
    return flat;
  }

  private static void flatten(
      Object value, String at, Set<String> neutral, Map<String, Object> to) {
    if (neutral.contains(at)) {
      return;
    }
    switch (value) {
      case Map<?, ?> map when !map.isEmpty() ->
          map.forEach((k, v) -> flatten(v, Settings.path(at, k.toString()), neutral, to));
      case List<?> list when !list.isEmpty() -> {
        for (int i = 0; i < list.size(); i++) {
          flatten(list.get(i), at + "[" + i + "]", neutral, to);
        }
      }
      case Double number when !Double.isFinite(number) -> to.put(at, number);
      // 1, 1.0 and 1e0 are the same setting.
      case Number number -> to.put(at, new BigDecimal(number.toString()).stripTrailingZeros());
      case null -> {}
      default -> to.put(at, value);
    }
  }
}
