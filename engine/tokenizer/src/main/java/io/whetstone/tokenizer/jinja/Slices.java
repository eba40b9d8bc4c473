package io.whetstone.tokenizer.jinja;

import java.util.ArrayList;
import java.util.List;

/** Python's slices {@code [from:to:step]}, of strings by code point. */
final class Slices {
  private Slices() {}

  static Object slice(Object value, Object from, Object to, Object step, int line) {
    if (value instanceof String text) {
      int[] points = text.codePoints().toArray();
      StringBuilder taken = new StringBuilder();
      for (int index : indices(points.length, from, to, step, line)) {
        taken.appendCodePoint(points[index]);
      }
      return taken.toString();
    }
    if (value instanceof List<?> list) {
      List<Object> taken = new ArrayList<>();
      for (int index : indices(list.size(), from, to, step, line)) {
        taken.add(list.get(index));
      }
      return value instanceof Tuple ? new Tuple(taken) : taken;
    }
    throw new TemplateException(
        line, Values.type(value) + " cannot be sliced" + Values.reason(value));
  }

  private static List<Integer> indices(int size, Object from, Object to, Object step, int line) {
    long by = step == null ? 1 : integer(step, line);
    if (by == 0) {
      throw new TemplateException(line, "a slice's step is 0");
    }
    long first = bound(from, size, by > 0 ? 0 : size - 1, by, line);
    long end = bound(to, size, by > 0 ? size : -1, by, line);
    List<Integer> indices = new ArrayList<>();
    for (long i = first; by > 0 ? i < end : i > end; i += by) {
      indices.add((int) i);
    }
    return indices;
  }

  private static long bound(Object given, int size, long absent, long by, int line) {
    if (given == null) {
      return absent;
    }
    long bound = integer(given, line);
    if (bound < 0) {
      bound += size;
    }
    return by > 0 ? Math.clamp(bound, 0, size) : Math.clamp(bound, -1, size - 1L);
  }

  private static long integer(Object value, int line) {
    if (!Numbers.isInteger(value)) {
      throw new TemplateException(
          line, "a slice's bound is " + Values.type(value) + ", expected an integer");
    }
    return Math.clamp(Numbers.big(value).longValue(), Integer.MIN_VALUE, Integer.MAX_VALUE);
  }
}
