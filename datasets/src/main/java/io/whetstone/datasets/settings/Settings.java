package io.whetstone.datasets.settings;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Reads settings, as a configuration gives them, into a record.
 *
 * <p>A component {@code stopEarly} is read from the key {@code stop-early}. A key that is left out
 * takes its {@link Default}, or is empty where the component is {@link Optional}; otherwise it is
 * missing. A key that no component asks for is refused. Components are numbers, booleans, strings,
 * paths, durations ({@code 10s}), enums (kebab-case), lists, maps, further records, or any class
 * with a public static {@code of} that takes a list, string or number.
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
    RecordComponent[] components = type.getRecordComponents();
    Map<String, Object> rest = new LinkedHashMap<>(settings);
    Object[] values = new Object[components.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = value(components[i], rest, where);
    }
    for (String key : rest.keySet()) {
      throw new IllegalArgumentException(
          path(where, key)
              + ": "
              + Names.unknown(
                  key, Arrays.stream(components).map(c -> Names.kebab(c.getName())).toList()));
    }
    return create(type, components, values, where);
  }

  private static Object value(RecordComponent component, Map<String, Object> rest, String where) {
    String key = Names.kebab(component.getName());
    Object given = rest.remove(key);
    boolean optional = component.getType() == Optional.class;
    if (given == null && component.getAnnotation(Default.class) instanceof Default otherwise) {
      given = json(otherwise.value());
    }
    if (given == null && !optional) {
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
        throw new IllegalArgumentException(path(where, impossible.getMessage()), impossible);
      }
      throw new IllegalStateException(type + " could not be made", e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(type + " could not be made", e);
    }
  }

  static String path(String where, String key) {
    return where.isEmpty() ? key : where + "." + key;
  }
}
