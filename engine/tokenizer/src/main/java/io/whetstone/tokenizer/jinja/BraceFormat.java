package io.whetstone.tokenizer.jinja;

import io.whetstone.tokenizer.jinja.Callable.Passed;
import java.math.RoundingMode;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code str.format} with places, names and the common specifications ({@code {:.2f}}, {@code
 * {:>8}}).
 */
final class BraceFormat {
  private static final Pattern FIELD =
      Pattern.compile("\\{\\{|}}|\\{([A-Za-z_]\\w*|\\d*)(?:!([rs]))?(?::([^{}]*))?}");
  private static final Pattern SPEC =
      Pattern.compile("(?:(.)?([<>^]))?(0)?(\\d{0,4})(,)?(?:\\.(\\d{1,3}))?([sdf])?");

  private BraceFormat() {}

  static String format(String pattern, Passed passed) {
    Matcher field = FIELD.matcher(pattern);
    StringBuilder text = new StringBuilder();
    int automatic = 0;
    int from = 0;
    while (field.find()) {
      text.append(plain(pattern.substring(from, field.start()), passed));
      from = field.end();
      if (field.group().equals("{{") || field.group().equals("}}")) {
        text.append(field.group().charAt(0));
        continue;
      }
      String name = field.group(1);
      Object value;
      if (name.isEmpty() || Character.isDigit(name.charAt(0))) {
        value =
            passed.required(
                name.isEmpty() ? automatic++ : Integer.parseInt(name), "{" + name + "}");
      } else {
        value = passed.required(Integer.MAX_VALUE, name);
      }
      Object shown = "r".equals(field.group(2)) ? Values.representation(value) : value;
      text.append(
          field.group(3) == null ? Values.text(shown) : specified(shown, field.group(3), passed));
    }
    return text.append(plain(pattern.substring(from), passed)).toString();
  }

  private static String plain(String text, Passed passed) {
    if (text.indexOf('{') >= 0 || text.indexOf('}') >= 0) {
      throw new TemplateException(passed.line(), "format: " + text + " is not understood");
    }
    return text;
  }

  private static String specified(Object value, String spec, Passed passed) {
    Matcher parts = SPEC.matcher(spec);
    if (!parts.matches()) {
      throw new TemplateException(passed.line(), "format: {:" + spec + "} is not known");
    }
    boolean number = Numbers.isNumber(value);
    String text = Values.text(value);
    if ("f".equals(parts.group(7)) && number) {
      int digits = parts.group(6) == null ? 6 : Integer.parseInt(parts.group(6));
      text =
          new java.math.BigDecimal(Numbers.real(value))
              .setScale(digits, RoundingMode.HALF_EVEN)
              .toPlainString();
    } else if (parts.group(6) != null && !number) {
      text = text.substring(0, Strings.chars(text, Integer.parseInt(parts.group(6))));
    }
    if (parts.group(5) != null && number) {
      text = text.replaceAll("\\G(-?\\d{1,3})(?=(\\d{3})+(\\.|$))", "$1,");
    }
    int width = parts.group(4).isEmpty() ? 0 : Integer.parseInt(parts.group(4));
    String fill = parts.group(3) != null ? "0" : parts.group(1) == null ? " " : parts.group(1);
    String align = parts.group(2) == null ? (number ? ">" : "<") : parts.group(2);
    return Strings.pad(text, width, fill, align.equals("<") ? -1 : align.equals("^") ? 0 : 1);
  }
}
