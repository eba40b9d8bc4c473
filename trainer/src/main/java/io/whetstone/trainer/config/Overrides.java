package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Names;
import io.whetstone.datasets.settings.Settings;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Puts values given on the command line into a configuration's tree.
 *
 * <p>A path is {@code key.key…} from the top, {@code KIND.key…} where one stage of that kind
 * exists, or {@code NAME.key…} with a stage's name. A number picks a list's item, and a name picks
 * the item written under that name ({@code grpo.rewards.format.weight}). A key that is new takes
 * the place of those of which there can be only one with it: {@code model.path} that of {@code
 * model.from-scratch}, {@code tasks.jsonl} that of {@code tasks.synthetic}.
 */
final class Overrides {
  /** Keys of which there can be one, whatever they are in. */
  private static final Set<String> SOURCES = Set.of("synthetic", "jsonl", "table", "mix");

  /** The same, by what they are in. */
  private static final Map<String, List<Set<String>>> ALTERNATIVES =
      Map.of(
          "model", List.of(Set.of("from-scratch", "path"), Set.of("lora", "adapter")),
          "vocabulary", List.of(Set.of("characters", "bytes")),
          "synthetic", List.of(Set.of("sums", "chains", "products", "countdown")),
          "table", List.of(Set.of("path", "hub")));

  private final Map<String, Object> root;
  private final String text;

  private Overrides(Map<String, Object> root, String text) {
    this.root = root;
    this.text = text;
  }

  /**
   * Changes the tree.
   *
   * @param text {@code path=value}; the value is YAML
   * @return the path that was set, as {@link Settings} writes paths
   * @throws ConfigurationException when the text is not of that form or leads nowhere
   */
  static String apply(Map<String, Object> root, String text) {
    int equals = text.indexOf('=');
    if (equals < 1) {
      throw new ConfigurationException("--set " + text + ": is not of the form key=value");
    }
    Object value = YamlTree.parseValue(text.substring(equals + 1), "--set " + text);
    return new Overrides(root, text).set(text.substring(0, equals).strip().split("\\.", -1), value);
  }

  private String set(String[] path, Object value) {
    List<String> keys = new ArrayList<>(List.of(path));
    if (!Settings.keys(Experiment.class).contains(keys.get(0))) {
      keys = throughStage(keys);
    }
    String at = "";
    Object here = root;
    for (int i = 0; i < keys.size(); i++) {
      String key = keys.get(i);
      boolean last = i == keys.size() - 1;
      if (here instanceof List<?> list) {
        int index = index(list, key, at);
        at = at + "[" + index + "]";
        Object item = list.get(index);
        if (!key.equals(Integer.toString(index))) { // by name: the item is {NAME: settings}
          keys.add(i + 1, key);
          item = item instanceof String name ? named(name) : item;
          put(list, index, item);
        } else if (last) {
          put(list, index, value);
        }
        here = item;
      } else {
        Map<String, Object> map = asMap(here, at);
        if (!map.containsKey(key)) {
          replace(map, i == 0 ? "" : keys.get(i - 1), key);
        }
        at = Settings.path(at, key);
        if (last) {
          map.put(key, value);
        } else if (map.get(key) == null) {
          map.put(key, new LinkedHashMap<>());
        }
        here = map.get(key);
      }
    }
    return at;
  }

  private static void replace(Map<String, Object> map, String parent, String key) {
    List<Set<String>> groups = new ArrayList<>(ALTERNATIVES.getOrDefault(parent, List.of()));
    groups.add(SOURCES);
    groups.stream().filter(group -> group.contains(key)).forEach(map.keySet()::removeAll);
  }

  private List<String> throughStage(List<String> path) {
    String first = path.get(0);
    List<Integer> found = new ArrayList<>();
    Set<String> known = new LinkedHashSet<>(Settings.keys(Experiment.class));
    String kind = first;
    List<?> stages = root.get("stages") instanceof List<?> list ? list : List.of();
    for (int i = 0; i < stages.size(); i++) {
      if (stages.get(i) instanceof Map<?, ?> stage && stage.size() == 1) {
        String key = String.valueOf(stage.keySet().iterator().next());
        Object name = stage.get(key) instanceof Map<?, ?> body ? body.get("name") : null;
        known.add(key);
        if (first.equals(name)) {
          found = List.of(i);
          kind = key;
          break;
        }
        if (first.equals(key)) {
          found.add(i);
        }
      }
    }
    if (found.isEmpty()) {
      throw new ConfigurationException(
          "--set " + text + ": " + first + " " + Names.unknown(first, known));
    }
    if (found.size() > 1) {
      throw new ConfigurationException(
          "--set "
              + text
              + ": there are "
              + found.size()
              + " stages of kind "
              + first
              + "; use a stage's name, or stages."
              + found.get(0)
              + "."
              + String.join(".", path));
    }
    List<String> through = new ArrayList<>(List.of("stages", String.valueOf(found.get(0)), kind));
    through.addAll(path.subList(1, path.size()));
    return through;
  }

  private int index(List<?> list, String key, String at) {
    for (int i = 0; i < list.size(); i++) {
      Object item = list.get(i);
      if (key.equals(Integer.toString(i))
          || key.equals(item)
          || item instanceof Map<?, ?> map && map.size() == 1 && map.containsKey(key)) {
        return i;
      }
    }
    throw new ConfigurationException(
        "--set " + text + ": " + at + " has " + list.size() + " items and none is called " + key);
  }

  private static Map<String, Object> named(String name) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put(name, new LinkedHashMap<>());
    return map;
  }

  @SuppressWarnings("unchecked") // lists of a YamlTree hold anything
  private static void put(List<?> list, int index, Object value) {
    ((List<Object>) list).set(index, value);
  }

  @SuppressWarnings("unchecked") // maps of a YamlTree have text keys
  private Map<String, Object> asMap(Object value, String at) {
    if (value instanceof Map<?, ?> map) {
      return (Map<String, Object>) map;
    }
    throw new ConfigurationException("--set " + text + ": " + at + " has no keys, it is " + value);
  }
}
