package io.whetstone.trainer.config;

import io.whetstone.datasets.settings.Inline;
import io.whetstone.datasets.settings.Rest;
import io.whetstone.datasets.settings.Settings;
import io.whetstone.datasets.settings.Tag;
import io.whetstone.datasets.settings.Tagged;
import io.whetstone.hub.HubName;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;

/**
 * Completes a tree that was found to be good: defaults are written out, keys stand in the records'
 * order, paths no longer depend on where the process runs. Values that were given stay as they were
 * written.
 */
final class Resolution {
  private final UnaryOperator<Path> paths;
  private final Set<String> neutral = new TreeSet<>();

  /**
   * @param paths makes a relative path absolute
   */
  Resolution(UnaryOperator<Path> paths) {
    this.paths = paths;
  }

  /** Paths of the keys that cannot change a run's result, after {@link #complete}. */
  Set<String> neutral() {
    return neutral;
  }

  Map<String, Object> complete(Map<?, ?> tree, Class<?> type, String at) {
    Map<String, Object> complete = new LinkedHashMap<>();
    Map<Object, Object> rest = new LinkedHashMap<>(tree);
    fill(rest, type, at, complete);
    return complete;
  }

  private void fill(Map<Object, Object> rest, Class<?> type, String at, Map<String, Object> into) {
    RecordComponent[] components = type.getRecordComponents();
    for (RecordComponent component : components) {
      if (component.isAnnotationPresent(Inline.class)) {
        fill(rest, component.getType(), at, into);
      } else if (!component.isAnnotationPresent(Tag.class)
          && !component.isAnnotationPresent(Rest.class)) {
        String key = Settings.key(component);
        Object given = rest.remove(key);
        Object value = given == null ? Settings.otherwise(component).orElse(null) : given;
        if (value != null) {
          into.put(
              key,
              component.isAnnotationPresent(Program.class)
                  ? words(value)
                  : component.isAnnotationPresent(HubModel.class)
                      ? model(value.toString())
                      : value(value, component.getGenericType(), Settings.path(at, key)));
        }
        if (component.isAnnotationPresent(ResultNeutral.class)) {
          neutral.add(Settings.path(at, key));
        }
      }
    }
    if (Arrays.stream(components).anyMatch(c -> c.isAnnotationPresent(Rest.class))) {
      rest.forEach((key, value) -> into.put(key.toString(), beside(key.toString(), value)));
      rest.clear();
    }
  }

  /**
   * A setting of a component's own, whose type is not known here: what is called a path or a file
   * and is there, here or beside the configuration, is written in full; a directory, which may have
   * to be made, in any case.
   */
  private Object beside(String key, Object value) {
    if (value instanceof Map<?, ?> map) {
      Map<String, Object> inner = new LinkedHashMap<>();
      map.forEach((k, v) -> inner.put(k.toString(), beside(k.toString(), v)));
      return inner;
    }
    if (value instanceof String text && key.equals("directory")) {
      return paths.apply(Path.of(text)).toString();
    }
    if (value instanceof String text && (key.equals("path") || key.endsWith("-file"))) {
      Path located = paths.apply(Path.of(text));
      return Files.exists(located) ? located.toString() : value;
    }
    return value;
  }

  /** The words of a command line, which may be one line that is cut at its spaces. */
  private Object words(Object given) {
    return switch (given) {
      case List<?> list ->
          list.stream().map(word -> word instanceof String text ? located(text) : word).toList();
      case String line when !line.isBlank() ->
          Arrays.stream(line.strip().split("\\s+")).map(this::located).toList();
      default -> given;
    };
  }

  /** A word that is a file only beside the configuration, in full. */
  private String located(String word) {
    if (word.isEmpty() || Files.exists(Path.of(word))) {
      return word;
    }
    Path located = paths.apply(Path.of(word));
    return Files.isRegularFile(located) ? located.toString() : word;
  }

  /** In full; an address as it is, a pattern from where its first directories are. */
  private String path(String given) {
    if (given.startsWith("hf://")) {
      return given;
    }
    Path path = Path.of(given);
    Path plain = path;
    while (plain != null && plain.toString().matches("(?s).*[*?\\[{].*")) {
      plain = plain.getParent();
    }
    if (plain == null || plain.equals(path)) {
      return paths.apply(path).toString();
    }
    return paths.apply(plain).resolve(plain.relativize(path)).toString();
  }

  /** A directory in full, a name at the hub as it is. */
  private String model(String given) {
    Path located = paths.apply(Path.of(given));
    boolean named = !Files.exists(located) && HubName.parse(HubName.Kind.MODEL, given).isPresent();
    return named ? given : located.toString();
  }

  private Object value(Object given, Type type, String at) {
    if (type instanceof ParameterizedType parameterized) {
      Type inner = parameterized.getActualTypeArguments()[0];
      if (parameterized.getRawType() == Optional.class) {
        return value(given, inner, at);
      }
      if (parameterized.getRawType() == List.class && given instanceof List<?> list) {
        List<Object> items = new ArrayList<>();
        for (Object item : list) {
          items.add(value(item, inner, at + "[" + items.size() + "]"));
        }
        return items;
      }
      return given;
    }
    Class<?> target = (Class<?>) type;
    if (Tagged.isTagged(target)) {
      Map<?, ?> map = given instanceof Map<?, ?> keys ? keys : Map.of(given, Map.of());
      String tag = map.keySet().iterator().next().toString();
      Map<?, ?> body = map.get(tag) instanceof Map<?, ?> keys ? keys : Map.of();
      Map<String, Object> tagged = new LinkedHashMap<>();
      tagged.put(tag, complete(body, Tagged.type(target, tag), Settings.path(at, tag)));
      return tagged;
    }
    if (target == Path.class) {
      return path(given.toString());
    }
    return target.isRecord() && given instanceof Map<?, ?> map ? complete(map, target, at) : given;
  }
}
