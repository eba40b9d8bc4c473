package io.whetstone.tokenizer.jinja;

import io.whetstone.tokenizer.jinja.Callable.Passed;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.IntPredicate;

/**
 * Methods of strings, lists and dicts; those that change their object are refused, as in Jinja's
 * sandbox.
 */
final class Methods {
  private static final Set<String> CHANGING =
      Set.of(
          "append",
          "extend",
          "insert",
          "pop",
          "remove",
          "clear",
          "sort",
          "reverse",
          "update",
          "setdefault",
          "popitem");

  private Methods() {}

  /** The method of that name, null where the value's type has none. */
  static Callable find(Object of, String name) {
    return switch (of) {
      case String text -> knownString(name) ? passed -> string(text, name, passed) : null;
      case Map<?, ?> map -> dict(map, name);
      case List<?> list -> list(list, name);
      case null, default -> null;
    };
  }

  private static Callable changing(Object of, String name) {
    return passed -> {
      throw new TemplateException(
          passed.line(), name + " of " + Values.type(of) + " would change it; templates may not");
    };
  }

  private static Callable dict(Map<?, ?> map, String name) {
    return switch (name) {
      case "keys" -> passed -> new ArrayList<Object>(map.keySet());
      case "values" -> passed -> new ArrayList<Object>(map.values());
      case "items" -> passed -> entries(map);
      case "copy" -> passed -> new java.util.LinkedHashMap<Object, Object>(map);
      case "get" ->
          passed -> {
            Object key = passed.atMost("get", 2).required(0, "key");
            return map.containsKey(key) ? map.get(key) : passed.get(1, "default", null);
          };
      default ->
          Set.of("pop", "clear", "update", "setdefault", "popitem").contains(name)
              ? changing(map, name)
              : null;
    };
  }

  /** Pairs of key and value. */
  static List<Object> entries(Map<?, ?> map) {
    List<Object> entries = new ArrayList<>();
    map.forEach((key, value) -> entries.add(Tuple.of(key, value)));
    return entries;
  }

  private static Callable list(List<?> list, String name) {
    return switch (name) {
      case "count" ->
          passed -> {
            Object item = passed.required(0, "value");
            return list.stream().filter(each -> Values.equal(each, item)).count();
          };
      case "index" ->
          passed -> {
            Object item = passed.required(0, "value");
            for (int i = 0; i < list.size(); i++) {
              if (Values.equal(list.get(i), item)) {
                return (long) i;
              }
            }
            throw new TemplateException(
                passed.line(), Values.representation(item) + " is not in the list");
          };
      case "copy" -> passed -> new ArrayList<Object>(list);
      default -> CHANGING.contains(name) ? changing(list, name) : null;
    };
  }

  private static final Set<String> STRING =
      Set.of(
          "strip",
          "lstrip",
          "rstrip",
          "split",
          "rsplit",
          "splitlines",
          "startswith",
          "endswith",
          "replace",
          "upper",
          "lower",
          "casefold",
          "title",
          "capitalize",
          "swapcase",
          "join",
          "find",
          "rfind",
          "index",
          "rindex",
          "count",
          "partition",
          "rpartition",
          "removeprefix",
          "removesuffix",
          "zfill",
          "center",
          "ljust",
          "rjust",
          "isdigit",
          "isdecimal",
          "isnumeric",
          "isalpha",
          "isalnum",
          "isspace",
          "isupper",
          "islower",
          "format",
          "expandtabs");

  private static boolean knownString(String name) {
    return STRING.contains(name);
  }

  private static Object string(String text, String name, Passed passed) {
    int line = passed.line();
    return switch (name) {
      case "strip" -> Strings.strip(text, passed.text(0, "chars", null), true, true);
      case "lstrip" -> Strings.strip(text, passed.text(0, "chars", null), true, false);
      case "rstrip" -> Strings.strip(text, passed.text(0, "chars", null), false, true);
      case "split" ->
          Strings.split(text, passed.text(0, "sep", null), passed.integer(1, "maxsplit", -1), line);
      case "rsplit" ->
          Strings.splitFromEnd(
              text, passed.text(0, "sep", null), passed.integer(1, "maxsplit", -1), line);
      case "splitlines" -> Strings.lines(text, Values.truth(passed.get(0, "keepends", false)));
      case "startswith" -> affix(text, passed, true);
      case "endswith" -> affix(text, passed, false);
      case "replace" ->
          Strings.replace(
              text, argument(passed, 0), argument(passed, 1), passed.integer(2, "count", -1));
      case "upper" -> text.toUpperCase(Locale.ROOT);
      case "lower", "casefold" -> text.toLowerCase(Locale.ROOT);
      case "title" -> Strings.title(text);
      case "capitalize" -> Strings.capitalize(text);
      case "swapcase" -> Strings.swapCase(text);
      case "join" -> join(text, Values.items(passed.required(0, "iterable"), line), line);
      case "find" -> position(text, text.indexOf(argument(passed, 0)));
      case "rfind" -> position(text, text.lastIndexOf(argument(passed, 0)));
      case "index" -> found(text, text.indexOf(argument(passed, 0)), line);
      case "rindex" -> found(text, text.lastIndexOf(argument(passed, 0)), line);
      case "count" -> count(text, argument(passed, 0));
      case "partition" -> partition(text, argument(passed, 0), text.indexOf(argument(passed, 0)));
      case "rpartition" ->
          partitionFromEnd(text, argument(passed, 0), text.lastIndexOf(argument(passed, 0)));
      case "removeprefix" -> {
        String prefix = argument(passed, 0);
        yield text.startsWith(prefix) ? text.substring(prefix.length()) : text;
      }
      case "removesuffix" -> {
        String suffix = argument(passed, 0);
        yield text.endsWith(suffix) ? text.substring(0, text.length() - suffix.length()) : text;
      }
      case "zfill" -> zeros(text, passed.integer(0, "width", 0));
      case "center" -> padded(text, passed, 0);
      case "ljust" -> padded(text, passed, -1);
      case "rjust" -> padded(text, passed, 1);
      case "isdigit", "isdecimal", "isnumeric" -> all(text, Character::isDigit);
      case "isalpha" -> all(text, Character::isLetter);
      case "isalnum" -> all(text, Character::isLetterOrDigit);
      case "isspace" -> all(text, Strings::isSpace);
      case "isupper" -> cased(text) && text.equals(text.toUpperCase(Locale.ROOT));
      case "islower" -> cased(text) && text.equals(text.toLowerCase(Locale.ROOT));
      case "format" -> BraceFormat.format(text, passed);
      case "expandtabs" ->
          Strings.expandTabs(text, Math.clamp(passed.integer(0, "tabsize", 8), 0, 64));
      default -> throw new TemplateException(line, "the method " + name + " is not known");
    };
  }

  private static String argument(Passed passed, int place) {
    Object value = passed.required(place, "argument " + (place + 1));
    if (value instanceof String text) {
      return text;
    }
    throw new TemplateException(
        passed.line(), Values.type(value) + " where a string is expected" + Values.reason(value));
  }

  private static boolean affix(String text, Passed passed, boolean prefix) {
    int from = Strings.chars(text, passed.integer(1, "start", 0));
    Object end = passed.get(2, "end", null);
    int to = end == null ? text.length() : Strings.chars(text, passed.integer(2, "end", 0));
    String part = from <= to ? text.substring(from, to) : "";
    if (passed.required(0, "prefix") instanceof Tuple several) {
      return several.stream()
          .anyMatch(
              each ->
                  each instanceof String one
                      && (prefix ? part.startsWith(one) : part.endsWith(one)));
    }
    String one = argument(passed, 0);
    return prefix ? part.startsWith(one) : part.endsWith(one);
  }

  /** Python's join: only strings. */
  private static String join(String separator, List<Object> items, int line) {
    for (Object item : items) {
      if (!(item instanceof String)) {
        throw new TemplateException(
            line, "join: " + Values.type(item) + " among the items, expected strings only");
      }
    }
    return String.join(separator, items.stream().map(Object::toString).toList());
  }

  private static long position(String text, int at) {
    return at < 0 ? -1 : text.codePointCount(0, at);
  }

  private static long found(String text, int at, int line) {
    if (at < 0) {
      throw new TemplateException(line, "index: the substring is not there");
    }
    return text.codePointCount(0, at);
  }

  private static long count(String text, String part) {
    if (part.isEmpty()) {
      return text.codePointCount(0, text.length()) + 1L;
    }
    long count = 0;
    for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length())) {
      count++;
    }
    return count;
  }

  private static Tuple partition(String text, String separator, int at) {
    return at < 0
        ? Tuple.of(text, "", "")
        : Tuple.of(text.substring(0, at), separator, text.substring(at + separator.length()));
  }

  private static Tuple partitionFromEnd(String text, String separator, int at) {
    return at < 0 ? Tuple.of("", "", text) : partition(text, separator, at);
  }

  private static String zeros(String text, int width) {
    boolean signed = text.startsWith("-") || text.startsWith("+");
    String digits =
        Strings.pad(signed ? text.substring(1) : text, width - (signed ? 1 : 0), "0", 1);
    return (signed ? text.substring(0, 1) : "") + digits;
  }

  private static String padded(String text, Passed passed, int where) {
    return Strings.pad(text, passed.integer(0, "width", 0), passed.text(1, "fillchar", " "), where);
  }

  private static boolean all(String text, IntPredicate predicate) {
    return !text.isEmpty() && text.codePoints().allMatch(predicate);
  }

  private static boolean cased(String text) {
    return text.codePoints().anyMatch(c -> Character.isUpperCase(c) || Character.isLowerCase(c));
  }
}
