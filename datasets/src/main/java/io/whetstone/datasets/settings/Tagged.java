package io.whetstone.datasets.settings;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Records written under one key that says which they are: {@code {sft: {…}}} for a sealed interface
 * of records, {@code {NAME: {…}}} or {@code NAME} alone for a record with a {@link Tag}.
 */
public final class Tagged {

  private Tagged() {}

  /** Whether values of this type are written under a key. */
  public static boolean isTagged(Class<?> type) {
    return choice(type)
        || type.isRecord()
            && Arrays.stream(type.getRecordComponents())
                .anyMatch(component -> component.isAnnotationPresent(Tag.class));
  }

  private static boolean choice(Class<?> type) {
    return type.isInterface() && type.isSealed();
  }

  /** The record that a key stands for; null where a sealed interface has none of that name. */
  public static Class<? extends Record> type(Class<?> tagged, String tag) {
    if (!choice(tagged)) {
      return tagged.asSubclass(Record.class);
    }
    for (Class<?> permitted : tagged.getPermittedSubclasses()) {
      if (Names.kebab(permitted.getSimpleName()).equals(tag)) {
        return permitted.asSubclass(Record.class);
      }
    }
    return null;
  }

  static Record read(Object given, Class<?> tagged, String path) {
    Map<String, Object> map =
        given instanceof String name
            ? Map.of(name, Map.of())
            : given instanceof Map<?, ?> keys ? Values.strings(keys, path) : Map.of();
    if (map.size() != 1) {
      throw new IllegalArgumentException(
          path
              + ": "
              + (map.isEmpty() ? Values.show(given) : "keys " + map.keySet())
              + (choice(tagged)
                  ? " is not exactly one of " + String.join(", ", names(tagged))
                  : " is not one name with its settings"));
    }
    String tag = map.keySet().iterator().next();
    String inner = Settings.path(path, tag);
    Class<? extends Record> type = type(tagged, tag);
    if (type == null) {
      throw new IllegalArgumentException(inner + ": " + Names.unknown(tag, names(tagged)));
    }
    Object settings = map.get(tag);
    if (settings != null && !(settings instanceof Map)) {
      throw new IllegalArgumentException(
          inner + ": " + Values.show(settings) + " is not keys with values");
    }
    return Settings.read(
        settings instanceof Map<?, ?> keys ? Values.strings(keys, inner) : Map.of(),
        type,
        inner,
        tag);
  }

  private static List<String> names(Class<?> tagged) {
    return Arrays.stream(tagged.getPermittedSubclasses())
        .map(permitted -> Names.kebab(permitted.getSimpleName()))
        .toList();
  }
}
