package io.whetstone.tokenizer.jinja;

import io.whetstone.tokenizer.jinja.Callable.Passed;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** {@code value | filter}. Filters of lists are in {@link ListFilters}. */
final class Filters {
  /** A filter of a value. */
  interface Filter {
    Object apply(Object value, Passed passed);
  }

  private static final Pattern WORD = Pattern.compile("\\w+", Pattern.UNICODE_CHARACTER_CLASS);

  private static final Map<String, Filter> FILTERS =
      Map.ofEntries(
          Map.entry(
              "trim",
              (v, p) -> Strings.strip(Values.text(v), p.text(0, "chars", null), true, true)),
          Map.entry("upper", (v, p) -> Values.text(v).toUpperCase(Locale.ROOT)),
          Map.entry("lower", (v, p) -> Values.text(v).toLowerCase(Locale.ROOT)),
          Map.entry("title", (v, p) -> Strings.titleWords(Values.text(v))),
          Map.entry("capitalize", (v, p) -> Strings.capitalize(Values.text(v))),
          Map.entry("string", (v, p) -> Values.text(v)),
          Map.entry("safe", (v, p) -> v),
          Map.entry("escape", (v, p) -> escape(Values.text(v))),
          Map.entry("e", (v, p) -> escape(Values.text(v))),
          Map.entry("forceescape", (v, p) -> escape(Values.text(v))),
          Map.entry("length", (v, p) -> Values.length(v, p.line())),
          Map.entry("count", (v, p) -> Values.length(v, p.line())),
          Map.entry("default", Filters::orDefault),
          Map.entry("d", Filters::orDefault),
          Map.entry("tojson", JsonText::of),
          Map.entry("replace", Filters::replace),
          Map.entry("indent", Filters::indent),
          Map.entry(
              "center", (v, p) -> Strings.pad(Values.text(v), p.integer(0, "width", 80), " ", 0)),
          Map.entry("format", (v, p) -> Strings.format(Values.text(v), p.positional(), p.line())),
          Map.entry("wordcount", (v, p) -> WORD.matcher(Values.text(v)).results().count()),
          Map.entry("truncate", Filters::truncate),
          Map.entry("urlencode", (v, p) -> percentEncoded(Values.text(v))),
          Map.entry("abs", Filters::abs),
          Map.entry("int", Filters::integer),
          Map.entry("float", Filters::real),
          Map.entry("round", Filters::round));

  private Filters() {}

  static boolean known(String name) {
    return FILTERS.containsKey(name) || ListFilters.NAMES.contains(name);
  }

  static void require(String name, int line) {
    if (!known(name)) {
      Set<String> names = new TreeSet<>(FILTERS.keySet());
      names.addAll(ListFilters.NAMES);
      throw new TemplateException(
          line, "the filter \"" + name + "\" is not known; there are " + String.join(", ", names));
    }
  }

  static Object apply(Evaluator evaluator, String name, Object value, Passed passed) {
    require(name, passed.line());
    Filter filter = FILTERS.get(name);
    return filter == null
        ? new ListFilters(evaluator, passed).apply(name, value)
        : filter.apply(value, passed);
  }

  private static Object orDefault(Object value, Passed passed) {
    boolean absent =
        value instanceof Undefined
            || Values.truth(passed.get(1, "boolean", false)) && !Values.truth(value);
    return absent ? passed.get(0, "default_value", "") : value;
  }

  private static Object replace(Object value, Passed passed) {
    return Strings.replace(
        Values.text(value),
        Values.text(passed.required(0, "old")),
        Values.text(passed.required(1, "new")),
        passed.get(2, "count", null) == null ? -1 : passed.integer(2, "count", -1));
  }

  private static Object indent(Object value, Passed passed) {
    if (!(value instanceof String text)) {
      throw new TemplateException(
          passed.line(), "indent: " + Values.type(value) + " is no string" + Values.reason(value));
    }
    Object width = passed.get(0, "width", 4L);
    String indent =
        width instanceof String given
            ? given
            : " ".repeat(Math.clamp(Numbers.big(width).longValue(), 0, 1000));
    boolean first = Values.truth(passed.get(1, "first", false));
    boolean blank = Values.truth(passed.get(2, "blank", false));
    String[] lines = (text + "\n").split("\n", -1);
    StringBuilder indented = new StringBuilder(first ? indent : "");
    for (int i = 0; i < lines.length - 1; i++) {
      if (i > 0) {
        indented.append('\n').append(blank || !lines[i].isEmpty() ? indent : "");
      }
      indented.append(lines[i]);
    }
    return indented.toString();
  }

  private static Object truncate(Object value, Passed passed) {
    String text = Values.text(value);
    int length = passed.integer(0, "length", 255);
    boolean cutWords = Values.truth(passed.get(1, "killwords", false));
    String end = passed.text(2, "end", "...");
    int leeway = passed.integer(3, "leeway", 5);
    if (text.codePointCount(0, text.length()) <= length + (long) leeway) {
      return text;
    }
    String kept = text.substring(0, Strings.chars(text, Math.max(0, length - end.length())));
    int space = kept.lastIndexOf(' ');
    return (cutWords || space < 0 ? kept : kept.substring(0, space)) + end;
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace(">", "&gt;")
        .replace("<", "&lt;")
        .replace("'", "&#39;")
        .replace("\"", "&#34;");
  }

  private static String percentEncoded(String text) {
    StringBuilder encoded = new StringBuilder();
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      boolean plain = b > 0 && (Character.isLetterOrDigit(b) || "_.-~/".indexOf(b) >= 0);
      encoded.append(plain ? String.valueOf((char) b) : "%%%02X".formatted(b));
    }
    return encoded.toString();
  }

  private static Object abs(Object value, Passed passed) {
    if (!Numbers.isNumber(value)) {
      throw new TemplateException(passed.line(), "abs: " + Values.type(value) + " is no number");
    }
    return Numbers.isInteger(value)
        ? Numbers.narrow(Numbers.big(value).abs())
        : (Object) Math.abs(Numbers.real(value));
  }

  private static Object integer(Object value, Passed passed) {
    requireDefined("int", value, passed);
    Object absent = passed.get(0, "default", 0L);
    int base = passed.integer(1, "base", 10);
    if (Numbers.isInteger(value)) {
      return Numbers.narrow(Numbers.big(value));
    }
    try {
      if (value instanceof Double number) {
        return Numbers.narrow(new java.math.BigDecimal(number).toBigInteger());
      }
      String text = Values.text(value).strip().replace("_", "");
      if (text.length() > 1000) {
        return absent;
      }
      return text.matches("[-+]?[0-9a-zA-Z]+")
          ? Numbers.narrow(new java.math.BigInteger(text, base))
          : Numbers.narrow(new java.math.BigDecimal(Double.parseDouble(text)).toBigInteger());
    } catch (NumberFormatException e) {
      return absent;
    }
  }

  private static Object real(Object value, Passed passed) {
    requireDefined("float", value, passed);
    if (Numbers.isNumber(value)) {
      return Numbers.real(value);
    }
    try {
      return Double.parseDouble(Values.text(value).strip());
    } catch (NumberFormatException e) {
      return passed.get(0, "default", 0.0);
    }
  }

  private static void requireDefined(String filter, Object value, Passed passed) {
    if (value instanceof Undefined) {
      throw new TemplateException(
          passed.line(), filter + ": the value is undefined" + Values.reason(value));
    }
  }

  private static Object round(Object value, Passed passed) {
    if (!Numbers.isNumber(value)) {
      throw new TemplateException(passed.line(), "round: " + Values.type(value) + " is no number");
    }
    int digits = Math.clamp(passed.integer(0, "precision", 0), -300, 300);
    String method = passed.text(1, "method", "common");
    if (Numbers.isInteger(value) && method.equals("common") && digits >= 0) {
      return Numbers.narrow(Numbers.big(value));
    }
    RoundingMode mode =
        switch (method) {
          case "common" -> RoundingMode.HALF_EVEN;
          case "ceil" -> RoundingMode.CEILING;
          case "floor" -> RoundingMode.FLOOR;
          default ->
              throw new TemplateException(
                  passed.line(), "round: method " + method + " is not common, ceil or floor");
        };
    return Numbers.round(Numbers.real(value), digits, mode);
  }
}
