package io.whetstone.tokenizer.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/** Python's string operations, counted in code points. */
final class Strings {
  private Strings() {}

  /** Removes characters of {@code set} (white space where null) from the ends asked for. */
  static String strip(String text, String set, boolean left, boolean right) {
    int from = 0;
    int to = text.length();
    while (left && from < to && strips(text.codePointAt(from), set)) {
      from += Character.charCount(text.codePointAt(from));
    }
    while (right && to > from && strips(text.codePointBefore(to), set)) {
      to -= Character.charCount(text.codePointBefore(to));
    }
    return text.substring(from, to);
  }

  private static boolean strips(int point, String set) {
    return set == null ? isSpace(point) : set.indexOf(point) >= 0;
  }

  /** Python's white space: Unicode's, and the separators 0x1c to 0x1f. */
  static boolean isSpace(int point) {
    return Character.isWhitespace(point) || Character.isSpaceChar(point) || point == 0x85;
  }

  /** {@code str.split}: by runs of white space where {@code separator} is null. */
  static List<Object> split(String text, String separator, int most, int line) {
    if (separator != null && separator.isEmpty()) {
      throw new TemplateException(line, "split: the separator is empty");
    }
    List<Object> parts = new ArrayList<>();
    if (separator == null) {
      splitSpace(text, most, parts);
      return parts;
    }
    int from = 0;
    int at = text.indexOf(separator);
    while (at >= 0 && (most < 0 || parts.size() < most)) {
      parts.add(text.substring(from, at));
      from = at + separator.length();
      at = text.indexOf(separator, from);
    }
    parts.add(text.substring(from));
    return parts;
  }

  private static void splitSpace(String text, int most, List<Object> parts) {
    String rest = strip(text, null, true, false);
    while (!rest.isEmpty() && (most < 0 || parts.size() < most)) {
      int end = 0;
      while (end < rest.length() && !isSpace(rest.codePointAt(end))) {
        end += Character.charCount(rest.codePointAt(end));
      }
      parts.add(rest.substring(0, end));
      rest = strip(rest.substring(end), null, true, false);
    }
    if (!rest.isEmpty()) {
      parts.add(rest);
    }
  }

  /** {@code str.rsplit}: counts splits from the end. */
  static List<Object> splitFromEnd(String text, String separator, int most, int line) {
    if (most < 0) {
      return split(text, separator, most, line);
    }
    List<Object> parts = new ArrayList<>();
    String mirrored = separator == null ? null : reverse(separator);
    for (Object part : split(reverse(text), mirrored, most, line)) {
      parts.add(reverse((String) part));
    }
    Collections.reverse(parts);
    return parts;
  }

  static String reverse(String text) {
    return new StringBuilder(text).reverse().toString();
  }

  /** {@code str.splitlines}. */
  static List<Object> lines(String text, boolean keepEnds) {
    List<Object> lines = new ArrayList<>();
    int from = 0;
    for (int i = 0; i < text.length(); i++) {
      if ("\n\r\u000b\f\u001c\u001d\u001e\u0085\u2028\u2029".indexOf(text.charAt(i)) >= 0) {
        int end = text.startsWith("\r\n", i) ? i + 2 : i + 1;
        lines.add(text.substring(from, keepEnds ? end : i));
        from = end;
        i = end - 1;
      }
    }
    if (from < text.length()) {
      lines.add(text.substring(from));
    }
    return lines;
  }

  /** {@code str.replace} of the first {@code most} occurrences; all where negative. */
  static String replace(String text, String from, String to, int most) {
    if (most < 0 && !from.isEmpty()) {
      return text.replace(from, to);
    }
    most = most < 0 ? Integer.MAX_VALUE : most;
    StringBuilder replaced = new StringBuilder();
    int at = 0;
    for (int done = 0; done < most; done++) {
      int found = text.indexOf(from, at);
      if (found < 0) {
        break;
      }
      replaced.append(text, at, found).append(to);
      at = found + from.length();
      if (from.isEmpty()) {
        if (at >= text.length()) {
          break;
        }
        int point = text.codePointAt(at);
        replaced.appendCodePoint(point);
        at += Character.charCount(point);
      }
    }
    return replaced.append(text.substring(at)).toString();
  }

  /** Fills up to the next of the columns that are multiples of the size. */
  static String expandTabs(String text, int size) {
    StringBuilder expanded = new StringBuilder();
    int column = 0;
    for (int point : text.codePoints().toArray()) {
      if (point == '\t') {
        int spaces = size == 0 ? 0 : size - column % size;
        expanded.repeat(' ', spaces);
        column += spaces;
      } else {
        expanded.appendCodePoint(point);
        column = point == '\n' || point == '\r' ? 0 : column + 1;
      }
    }
    return expanded.toString();
  }

  static String capitalize(String text) {
    if (text.isEmpty()) {
      return text;
    }
    int first = text.offsetByCodePoints(0, 1);
    return titleCase(text.substring(0, first)) + text.substring(first).toLowerCase(Locale.ROOT);
  }

  private static String titleCase(String point) {
    return Character.toString(Character.toTitleCase(point.codePointAt(0)));
  }

  /** {@code str.title}: a capital after everything that is no letter. */
  static String title(String text) {
    StringBuilder titled = new StringBuilder();
    boolean within = false;
    for (int point : text.codePoints().toArray()) {
      String one = Character.toString(point);
      titled.append(within ? one.toLowerCase(Locale.ROOT) : titleCase(one));
      within = Character.isLetter(point);
    }
    return titled.toString();
  }

  /** Jinja's filter {@code title}: a capital after white space, brackets and hyphens. */
  static String titleWords(String text) {
    StringBuilder titled = new StringBuilder();
    boolean begins = true;
    for (int point : text.codePoints().toArray()) {
      String one = Character.toString(point);
      titled.append(begins ? one.toUpperCase(Locale.ROOT) : one.toLowerCase(Locale.ROOT));
      begins = isSpace(point) || "-({[<".indexOf(point) >= 0;
    }
    return titled.toString();
  }

  static String swapCase(String text) {
    StringBuilder swapped = new StringBuilder();
    text.codePoints()
        .forEach(
            c -> {
              String one = Character.toString(c);
              swapped.append(
                  Character.isUpperCase(c)
                      ? one.toLowerCase(Locale.ROOT)
                      : one.toUpperCase(Locale.ROOT));
            });
    return swapped.toString();
  }

  /** Fills up to {@code width} code points; where: −1 text left, 0 centred, 1 text right. */
  static String pad(String text, int width, String fill, int where) {
    int missing = Math.min(width, 1 << 20) - text.codePointCount(0, text.length());
    if (missing <= 0) {
      return text;
    }
    // As CPython centres: the odd one goes left only where the width is odd too.
    int left = where < 0 ? 0 : where > 0 ? missing : missing / 2 + (missing & width & 1);
    return fill.repeat(left) + text + fill.repeat(missing - left);
  }

  /** An index in chars of one in code points; Python's clamping of slices. */
  static int chars(String text, int points) {
    int size = text.codePointCount(0, text.length());
    int clamped = Math.clamp(points < 0 ? points + (long) size : points, 0, size);
    return text.offsetByCodePoints(0, clamped);
  }

  /** The {@code %} operator and the filter {@code format}: %s %r %d %i %f %e %g %x %o %c %%. */
  static String format(String pattern, List<?> values, int line) {
    StringBuilder text = new StringBuilder();
    int next = 0;
    for (int i = 0; i < pattern.length(); i++) {
      char c = pattern.charAt(i);
      if (c != '%') {
        text.append(c);
        continue;
      }
      int start = ++i;
      while (i < pattern.length() && "-+ #0123456789.".indexOf(pattern.charAt(i)) >= 0) {
        i++;
      }
      if (i >= pattern.length()) {
        throw new TemplateException(line, "the format " + pattern + " ends within a %");
      }
      char kind = pattern.charAt(i);
      if (kind == '%') {
        text.append('%');
        continue;
      }
      if (next >= values.size()) {
        throw new TemplateException(line, "the format " + pattern + " needs more values");
      }
      text.append(one(pattern.substring(start, i), kind, values.get(next++), line));
    }
    if (next < values.size()) {
      throw new TemplateException(line, "the format " + pattern + " has no place for all values");
    }
    return text.toString();
  }

  private static String one(String flags, char kind, Object value, int line) {
    if (!flags.matches("[-+ #0]*\\d{0,4}(\\.\\d{0,3})?")) {
      throw new TemplateException(line, "the format %" + flags + kind + " is not known");
    }
    if (kind == 's' || kind == 'c') {
      return formatted(flags + "s", Values.text(value));
    }
    if (kind == 'r') {
      return formatted(flags + "s", Values.representation(value));
    }
    if ((kind == 'd' || kind == 'i') && Numbers.isNumber(value)) {
      BigInteger whole =
          Numbers.isInteger(value)
              ? Numbers.big(value)
              : new BigDecimal(Numbers.real(value)).toBigInteger();
      return formatted(flags + "d", whole);
    }
    if ((kind == 'x' || kind == 'o') && Numbers.isInteger(value)) {
      return formatted(flags + kind, Numbers.big(value));
    }
    if ((kind == 'f' || kind == 'e') && Numbers.isNumber(value)) {
      return formatted(flags + kind, Numbers.real(value));
    }
    throw new TemplateException(
        line, "the format %" + flags + kind + " is not known for " + Values.type(value));
  }

  private static String formatted(String spec, Object value) {
    return String.format(
        Locale.ROOT, "%" + (spec.matches("\\d.*s") ? spec.replaceFirst("^0+", "") : spec), value);
  }
}
