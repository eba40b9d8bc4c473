package io.whetstone.tokenizer.jinja;

import io.whetstone.tokenizer.jinja.Callable.Passed;
import java.math.BigInteger;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;

/** {@code value is test}. */
final class Tests {
  /** A test of a value. */
  private interface Test {
    boolean holds(Object value, Passed passed);
  }

  private static final Map<String, Test> TESTS =
      Map.ofEntries(
          Map.entry("defined", (v, p) -> !(v instanceof Undefined)),
          Map.entry("undefined", (v, p) -> v instanceof Undefined),
          Map.entry("none", (v, p) -> v == null),
          Map.entry("boolean", (v, p) -> v instanceof Boolean),
          Map.entry("true", (v, p) -> Boolean.TRUE.equals(v)),
          Map.entry("false", (v, p) -> Boolean.FALSE.equals(v)),
          Map.entry("integer", (v, p) -> v instanceof Long || v instanceof BigInteger),
          Map.entry("float", (v, p) -> v instanceof Double),
          Map.entry("number", (v, p) -> Numbers.isNumber(v)),
          Map.entry("string", (v, p) -> v instanceof String),
          Map.entry("mapping", (v, p) -> v instanceof Map),
          Map.entry("iterable", (v, p) -> Values.iterable(v)),
          Map.entry("sequence", (v, p) -> Values.iterable(v)),
          Map.entry("callable", (v, p) -> v instanceof Callable || v instanceof Undefined),
          Map.entry("escaped", (v, p) -> false),
          Map.entry("odd", (v, p) -> integer(v, p).testBit(0)),
          Map.entry("even", (v, p) -> !integer(v, p).testBit(0)),
          Map.entry(
              "divisibleby",
              (v, p) -> integer(v, p).remainder(integer(p.required(0, "num"), p)).signum() == 0),
          Map.entry("lower", (v, p) -> isCase(v, Values.text(v).toLowerCase(Locale.ROOT))),
          Map.entry("upper", (v, p) -> isCase(v, Values.text(v).toUpperCase(Locale.ROOT))),
          Map.entry("eq", (v, p) -> Values.equal(v, p.required(0, "other"))),
          Map.entry("equalto", (v, p) -> Values.equal(v, p.required(0, "other"))),
          Map.entry("==", (v, p) -> Values.equal(v, p.required(0, "other"))),
          Map.entry("ne", (v, p) -> !Values.equal(v, p.required(0, "other"))),
          Map.entry("lt", (v, p) -> order(v, p) < 0),
          Map.entry("lessthan", (v, p) -> order(v, p) < 0),
          Map.entry("le", (v, p) -> order(v, p) <= 0),
          Map.entry("gt", (v, p) -> order(v, p) > 0),
          Map.entry("greaterthan", (v, p) -> order(v, p) > 0),
          Map.entry("ge", (v, p) -> order(v, p) >= 0),
          Map.entry("in", (v, p) -> Values.contains(p.required(0, "seq"), v, p.line())),
          Map.entry("sameas", (v, p) -> same(v, p.required(0, "other"))),
          Map.entry("filter", (v, p) -> v instanceof String name && Filters.known(name)),
          Map.entry("test", (v, p) -> v instanceof String name && known(name)));

  private Tests() {}

  static boolean known(String name) {
    return TESTS.containsKey(name);
  }

  static void require(String name, int line) {
    if (!known(name)) {
      throw new TemplateException(
          line,
          "the test \""
              + name
              + "\" is not known; there are "
              + String.join(", ", new TreeSet<>(TESTS.keySet())));
    }
  }

  static boolean holds(String name, Object value, Passed passed) {
    require(name, passed.line());
    return TESTS.get(name).holds(value, passed);
  }

  private static BigInteger integer(Object value, Passed passed) {
    if (!Numbers.isInteger(value)) {
      throw new TemplateException(
          passed.line(),
          Values.type(value) + " where an integer is expected" + Values.reason(value));
    }
    return Numbers.big(value);
  }

  private static boolean isCase(Object value, String converted) {
    String text = Values.text(value);
    boolean letters =
        text.codePoints().anyMatch(c -> Character.isUpperCase(c) || Character.isLowerCase(c));
    return letters && text.equals(converted);
  }

  private static int order(Object value, Passed passed) {
    return Values.compare(value, passed.required(0, "other"), passed.line());
  }

  private static boolean same(Object value, Object other) {
    boolean simple =
        value == null
            || value instanceof Boolean
            || value instanceof Number
            || value instanceof String;
    return simple
        ? other != null
                && value != null
                && value.getClass() == other.getClass()
                && value.equals(other)
            || value == other
        : value == other;
  }
}
