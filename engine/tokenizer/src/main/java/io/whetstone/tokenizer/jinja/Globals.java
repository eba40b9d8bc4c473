package io.whetstone.tokenizer.jinja;

import io.whetstone.tokenizer.jinja.Callable.Passed;
import java.time.Clock;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The functions that a chat template may call, as transformers offers them. */
final class Globals {
  private static final int LONGEST_RANGE = 100_000;

  private Globals() {}

  static Scope scope(Clock clock) {
    Scope scope = new Scope(null);
    scope.set("range", (Callable) Globals::range);
    scope.set("namespace", (Callable) passed -> new Namespace(merged(passed)));
    scope.set("dict", (Callable) passed -> new LinkedHashMap<Object, Object>(merged(passed)));
    scope.set("cycler", (Callable) passed -> new Cycler(passed.positional()));
    scope.set("joiner", (Callable) Globals::joiner);
    scope.set(
        "raise_exception",
        (Callable)
            passed -> {
              throw new TemplateException(
                  "the template refuses this conversation: "
                      + Values.text(passed.required(0, "message")));
            });
    scope.set(
        "strftime_now",
        (Callable) passed -> time(passed.text(0, "format", ""), LocalDateTime.now(clock), passed));
    return scope;
  }

  private static Map<String, Object> merged(Passed passed) {
    Map<String, Object> merged = new LinkedHashMap<>();
    for (Object each : passed.positional()) {
      if (each instanceof Map<?, ?> map) {
        map.forEach((key, value) -> merged.put(Values.text(key), value));
      } else {
        for (Object pair : Values.items(each, passed.line())) {
          List<Object> both = Values.items(pair, passed.line());
          if (both.size() != 2) {
            throw new TemplateException(passed.line(), "a pair of key and value is expected");
          }
          merged.put(Values.text(both.get(0)), both.get(1));
        }
      }
    }
    merged.putAll(passed.named());
    return merged;
  }

  private static Object range(Passed passed) {
    passed.atMost("range", 3);
    int first = passed.count() > 1 ? passed.integer(0, "start", 0) : 0;
    int end = passed.count() > 1 ? passed.integer(1, "stop", 0) : passed.integer(0, "stop", 0);
    int step = passed.integer(2, "step", 1);
    if (step == 0) {
      throw new TemplateException(passed.line(), "range: the step is 0");
    }
    List<Object> numbers = new ArrayList<>();
    for (long i = first; step > 0 ? i < end : i > end; i += step) {
      if (numbers.size() >= LONGEST_RANGE) {
        throw new TemplateException(
            passed.line(), "range: longer than " + LONGEST_RANGE + " numbers");
      }
      numbers.add(i);
    }
    return numbers;
  }

  private static Object joiner(Passed passed) {
    String separator = passed.text(0, "sep", ", ");
    boolean[] used = {false};
    return (Callable)
        unused -> {
          String text = used[0] ? separator : "";
          used[0] = true;
          return text;
        };
  }

  /** {@code cycler(…)}: gives its values in turns. */
  static final class Cycler {
    private final List<Object> items;
    private int at;

    Cycler(List<Object> items) {
      if (items.isEmpty()) {
        throw new TemplateException("cycler: no values are given");
      }
      this.items = items;
    }

    Object attribute(String name) {
      return switch (name) {
        case "current" -> items.get(at);
        case "next" ->
            (Callable)
                passed -> {
                  Object value = items.get(at);
                  at = (at + 1) % items.size();
                  return value;
                };
        case "reset" ->
            (Callable)
                passed -> {
                  at = 0;
                  return null;
                };
        default -> null;
      };
    }
  }

  /** Python's strftime in the C locale. */
  private static String time(String format, LocalDateTime now, Passed passed) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < format.length(); i++) {
      if (format.charAt(i) != '%' || i + 1 == format.length()) {
        text.append(format.charAt(i));
        continue;
      }
      boolean plain = format.charAt(i + 1) == '-' && i + 2 < format.length();
      i += plain ? 2 : 1;
      String pattern = pattern(format.charAt(i), plain);
      if (pattern == null) {
        throw new TemplateException(
            passed.line(), "strftime_now: %" + format.charAt(i) + " is not known");
      }
      text.append(
          pattern.isEmpty()
              ? "%"
              : DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH).format(now));
    }
    return text.toString();
  }

  private static String pattern(char code, boolean plain) {
    return switch (code) {
      case 'd' -> plain ? "d" : "dd";
      case 'e' -> "ppd";
      case 'm' -> plain ? "M" : "MM";
      case 'y' -> "yy";
      case 'Y' -> "yyyy";
      case 'b', 'h' -> "MMM";
      case 'B' -> "MMMM";
      case 'a' -> "EEE";
      case 'A' -> "EEEE";
      case 'H' -> plain ? "H" : "HH";
      case 'I' -> plain ? "h" : "hh";
      case 'M' -> plain ? "m" : "mm";
      case 'S' -> plain ? "s" : "ss";
      case 'f' -> "SSSSSS";
      case 'j' -> plain ? "D" : "DDD";
      case 'p' -> "a";
      case 'F' -> "yyyy-MM-dd";
      case 'T' -> "HH:mm:ss";
      case 'D' -> "MM/dd/yy";
      case '%' -> "";
      default -> null;
    };
  }
}
