package io.whetstone.datasets.settings;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Turns one value of a configuration into what a record's component wants. */
final class Values {

  private static final Pattern DURATION = Pattern.compile("(\\d+(?:\\.\\d+)?)\\s*(ms|s|m|h)");

  private Values() {}

  static Object convert(Object given, Type type, String path) {
    if (type instanceof ParameterizedType parameterized) {
      return convertGeneric(given, parameterized, path);
    }
    Class<?> target = (Class<?>) type;
    if (target.isEnum()) {
      return constant(given, target, path);
    }
    if (Tagged.isTagged(target)) {
      return Tagged.read(given, target, path);
    }
    if (Record.class.isAssignableFrom(target) && given instanceof Map<?, ?> map) {
      return Settings.read(strings(map, path), target.asSubclass(Record.class), path);
    }
    Object value =
        switch (target.getName()) {
          case "int", "java.lang.Integer" -> whole(given, Integer.MIN_VALUE, Integer.MAX_VALUE);
          case "long", "java.lang.Long" -> given instanceof Number n ? wholeLong(n) : null;
          case "double", "java.lang.Double" -> given instanceof Number n ? n.doubleValue() : null;
          case "boolean", "java.lang.Boolean" -> given instanceof Boolean b ? b : null;
          case "java.lang.String" -> given instanceof String s ? s : null;
          case "java.nio.file.Path" ->
              given instanceof Path p ? p : given instanceof String s ? Path.of(s) : null;
          case "java.time.Duration" ->
              given instanceof Duration d ? d : given instanceof String s ? duration(s) : null;
          case "java.lang.Object" -> given;
          default -> target.isInstance(given) ? given : factory(given, target, path);
        };
    if (value == null) {
      throw new IllegalArgumentException(path + ": " + show(given) + " is not " + expected(type));
    }
    return value;
  }

  private static Object convertGeneric(Object given, ParameterizedType type, String path) {
    Type[] arguments = type.getActualTypeArguments();
    if (type.getRawType() == Optional.class) {
      return given == null ? Optional.empty() : Optional.of(convert(given, arguments[0], path));
    }
    if (type.getRawType() == List.class && given instanceof List<?> list) {
      List<Object> values = new ArrayList<>();
      for (int i = 0; i < list.size(); i++) {
        values.add(convert(list.get(i), arguments[0], path + "[" + i + "]"));
      }
      return List.copyOf(values);
    }
    if (type.getRawType() == Map.class && given instanceof Map<?, ?> map) {
      Map<String, Object> values = new LinkedHashMap<>();
      strings(map, path)
          .forEach((k, v) -> values.put(k, convert(v, arguments[1], Settings.path(path, k))));
      return values;
    }
    throw new IllegalArgumentException(path + ": " + show(given) + " is not " + expected(type));
  }

  private static Integer whole(Object given, int least, int most) {
    Long value = given instanceof Number n ? wholeLong(n) : null;
    return value != null && value >= least && value <= most ? (Integer) value.intValue() : null;
  }

  private static Long wholeLong(Number number) {
    try {
      return new BigDecimal(number.toString()).longValueExact();
    } catch (ArithmeticException | NumberFormatException e) {
      return null;
    }
  }

  private static Duration duration(String text) {
    Matcher matcher = DURATION.matcher(text);
    if (!matcher.matches()) {
      return null;
    }
    long unit =
        switch (matcher.group(2)) {
          case "ms" -> 1;
          case "s" -> 1_000;
          case "m" -> 60_000;
          default -> 3_600_000;
        };
    return Duration.ofMillis(Math.round(Double.parseDouble(matcher.group(1)) * unit));
  }

  private static Object constant(Object given, Class<?> type, String path) {
    List<String> names =
        Arrays.stream(type.getEnumConstants()).map(c -> Names.kebab(((Enum<?>) c).name())).toList();
    // Names that come from elsewhere have underscores: q4_k.
    int index = names.indexOf(String.valueOf(given).replace('_', '-'));
    if (index < 0) {
      throw new IllegalArgumentException(
          path + ": " + show(given) + " " + Names.unknown(String.valueOf(given), names));
    }
    return type.getEnumConstants()[index];
  }

  /** A public static {@code of} that takes what is given; null where there is none. */
  private static Object factory(Object given, Class<?> target, String path) {
    for (Method method : target.getMethods()) {
      if (method.getName().equals("of")
          && Modifier.isStatic(method.getModifiers())
          && method.getParameterCount() == 1
          && method.getParameterTypes()[0].isInstance(given)) {
        try {
          return method.invoke(null, convert(given, method.getGenericParameterTypes()[0], path));
        } catch (InvocationTargetException e) {
          if (e.getCause() instanceof IllegalArgumentException impossible) {
            throw new IllegalArgumentException(path + ": " + impossible.getMessage(), impossible);
          }
          throw new IllegalStateException(method + " failed", e.getCause());
        } catch (IllegalAccessException e) {
          throw new IllegalStateException(method + " is not accessible", e);
        }
      }
    }
    return null;
  }

  static Map<String, Object> strings(Map<?, ?> map, String path) {
    Map<String, Object> strings = new LinkedHashMap<>();
    map.forEach(
        (key, value) -> {
          if (!(key instanceof String text)) {
            throw new IllegalArgumentException(path + ": key " + show(key) + " is not text");
          }
          strings.put(text, value);
        });
    return strings;
  }

  static String expected(Type type) {
    if (type instanceof ParameterizedType parameterized) {
      Class<?> raw = (Class<?>) parameterized.getRawType();
      return raw == Optional.class
          ? expected(parameterized.getActualTypeArguments()[0])
          : raw == List.class ? "a list" : "keys with values";
    }
    Class<?> target = (Class<?>) type;
    return switch (target.getName()) {
      case "int", "long", "java.lang.Integer", "java.lang.Long" -> "a whole number";
      case "double", "java.lang.Double" -> "a number";
      case "boolean", "java.lang.Boolean" -> "true or false";
      case "java.lang.String" -> "text";
      case "java.nio.file.Path" -> "a path";
      case "java.time.Duration" -> "a duration such as 10s, 500ms or 2m";
      default ->
          target.isEnum()
              ? Arrays.stream(target.getEnumConstants())
                  .map(c -> Names.kebab(((Enum<?>) c).name()))
                  .collect(Collectors.joining(", ", "one of ", ""))
              : "a value for " + Names.kebab(target.getSimpleName());
    };
  }

  static String show(Object given) {
    return given instanceof String ? "\"" + given + "\"" : String.valueOf(given);
  }
}
