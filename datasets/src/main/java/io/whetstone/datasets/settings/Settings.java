package io.whetstone.datasets.settings;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads settings, as a configuration gives them, into a record.
 *
 * <p>A component {@code stopEarly} is read from the key {@code stop-early}, or from its {@link
 * Key}. A key that is left out takes its {@link Default}, or is empty where the component is {@link
 * Optional}; otherwise it is missing. A key that no component asks for is refused, unless there is
 * a {@link Rest}. Components are numbers, booleans, strings, paths, durations ({@code 10s}), enums
 * (kebab-case), lists, maps, further records ({@link Inline} or with a level of their own), sealed
 * interfaces of records ({@code {NAME: {…}}}, the record's name in kebab-case), records named by
 * their {@link Tag}, or any class with a public static {@code of} that takes a list, string or
 * number.
 */
public final class Settings {

  private static final ObjectMapper JSON = new ObjectMapper();

  private Settings() {}

  /**
   * Makes the record.
   *
   * @param where named in front of each complaint: {@code sums} gives {@code sums.numbers: …}; may
   *     be empty
   * @throws IllegalArgumentException if a key is unknown, missing, mistyped or impossible; {@code
   *     key: got is not expected}
   */
  public static <R extends Record> R read(Map<String, ?> settings, Class<R> type, String where) {
    return read(settings, type, where, null);
  }

  /** As above; the tag is what a component annotated {@link Tag} becomes. */
  static <R extends Record> R read(
      Map<String, ?> settings, Class<R> type, String where, String tag) {
    // First, so that a misspelt key is not reported as the one that is then missing.
    List<String> keys = keys(type);
    for (String key : settings.keySet()) {
      if (!keys.contains(key) && !takesRest(type)) {
        throw new IllegalArgumentException(path(where, key) + ": " + Names.unknown(key, keys));
      }
    }
    return take(new LinkedHashMap<>(settings), type, where, tag);
  }

  private static boolean takesRest(Class<?> type) {
    return Arrays.stream(type.getRecordComponents())
        .anyMatch(
            c ->
                c.isAnnotationPresent(Rest.class)
                    || c.isAnnotationPresent(Inline.class) && takesRest(c.getType()));
  }

  /** Takes out of the map what the record's components ask for. */
  private static <R extends Record> R take(
      Map<String, Object> rest, Class<R> type, String where, String tag) {
    RecordComponent[] components = type.getRecordComponents();
    Object[] values = new Object[components.length];
    for (int i = 0; i < values.length; i++) {
      RecordComponent component = components[i];
      if (component.isAnnotationPresent(Inline.class)) {
        values[i] = take(rest, component.getType().asSubclass(Record.class), where, null);
      } else if (component.isAnnotationPresent(Tag.class)) {
        values[i] = tag;
      } else if (!component.isAnnotationPresent(Rest.class)) {
        values[i] = value(component, rest, where);
      }
    }
    for (int i = 0; i < values.length; i++) {
      if (components[i].isAnnotationPresent(Rest.class)) {
        values[i] = new LinkedHashMap<>(rest);
        rest.clear();
      }
    }
    return create(type, components, values, where);
  }

  /** The keys that a record is read from, in its order. */
  public static List<String> keys(Class<?> type) {
    List<String> keys = new ArrayList<>();
    for (RecordComponent component : type.getRecordComponents()) {
      if (component.isAnnotationPresent(Inline.class)) {
        keys.addAll(keys(component.getType()));
      } else if (!component.isAnnotationPresent(Tag.class)
          && !component.isAnnotationPresent(Rest.class)) {
        keys.add(key(component));
      }
    }
    return keys;
  }

  /** The key that a component is read from. */
  public static String key(RecordComponent component) {
    return component.getAnnotation(Key.class) instanceof Key key
        ? key.value()
        : Names.kebab(component.getName());
  }

  /** What a component is when its key is left out, if it has a {@link Default}. */
  public static Optional<Object> otherwise(RecordComponent component) {
    return Optional.ofNullable(component.getAnnotation(Default.class)).map(d -> json(d.value()));
  }

  private static Object value(RecordComponent component, Map<String, Object> rest, String where) {
    String key = key(component);
    Object given = rest.remove(key);
    if (given == null) {
      given = otherwise(component).orElse(null);
    }
    if (given == null && component.getType() != Optional.class) {
      throw new IllegalArgumentException(
          path(where, key)
              + ": is missing; expected "
              + Values.expected(component.getGenericType()));
    }
    return Values.convert(given, component.getGenericType(), path(where, key));
  }

  private static Object json(String text) {
    try {
      return JSON.readValue(text, Object.class);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("default: " + text + " is not JSON", e);
    }
  }

  private static <R extends Record> R create(
      Class<R> type, RecordComponent[] components, Object[] values, String where) {
    try {
      Constructor<R> constructor =
          type.getDeclaredConstructor(
              Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new));
      constructor.setAccessible(true);
      return constructor.newInstance(values);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof IllegalArgumentException impossible) {
        throw new IllegalArgumentException(complaint(where, impossible.getMessage()), impossible);
      }
      throw new IllegalStateException(type + " could not be made", e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(type + " could not be made", e);
    }
  }

  /** A complaint that names a key belongs to that key, another one to the record. */
  private static String complaint(String where, String message) {
    boolean key = message.matches("(?s)[a-z][a-z0-9.-]*: .*");
    return where.isEmpty() ? message : where + (key ? "." : ": ") + message;
  }

  /** The path of a key within a path; either may stand alone. */
  public static String path(String where, String key) {
    return where.isEmpty() ? key : where + "." + key;
  }
}
