package io.whetstone.tokenizer.jinja;

import java.util.List;
import java.util.Map;

/** What a template can call: a function, a method, a macro. */
@FunctionalInterface
interface Callable {
  Object call(Passed arguments);

  /** Arguments with their values. */
  record Passed(List<Object> positional, Map<String, Object> named, int line) {
    static Passed none(int line) {
      return new Passed(List.of(), Map.of(), line);
    }

    int count() {
      return positional.size() + named.size();
    }

    /** The argument of that place or name; {@code absent} where it was not given. */
    Object get(int place, String name, Object absent) {
      if (place < positional.size()) {
        return positional.get(place);
      }
      return named.containsKey(name) ? named.get(name) : absent;
    }

    Object required(int place, String name) {
      if (place >= positional.size() && !named.containsKey(name)) {
        throw new TemplateException(line, "the argument " + name + " is missing");
      }
      return get(place, name, null);
    }

    String text(int place, String name, String absent) {
      Object value = get(place, name, absent);
      if (value == null || value instanceof String) {
        return (String) value;
      }
      throw new TemplateException(
          line, name + ": " + Values.type(value) + " where a string is expected");
    }

    int integer(int place, String name, int absent) {
      Object value = get(place, name, (long) absent);
      if (value instanceof Boolean flag) {
        return flag ? 1 : 0;
      }
      if (value instanceof Long number) {
        return Math.clamp(number, Integer.MIN_VALUE, Integer.MAX_VALUE);
      }
      throw new TemplateException(
          line, name + ": " + Values.type(value) + " where an integer is expected");
    }

    /** Refuses more arguments than {@code most} and names that are not among {@code names}. */
    Passed atMost(String what, int most, String... names) {
      for (String name : named.keySet()) {
        if (!List.of(names).contains(name)) {
          throw new TemplateException(line, what + " has no argument " + name);
        }
      }
      if (count() > most) {
        throw new TemplateException(
            line, what + " takes at most " + most + " arguments, got " + count());
      }
      return this;
    }
  }
}
