package io.whetstone.tokenizer.jinja;

/** Reads the escapes of a string literal as Python does. */
final class Escapes {
  private Escapes() {}

  static String decode(String text, int line) {
    if (text.indexOf('\\') < 0) {
      return text;
    }
    StringBuilder decoded = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c != '\\' || i + 1 == text.length()) {
        decoded.append(c);
        continue;
      }
      char kind = text.charAt(++i);
      switch (kind) {
        case 'n' -> decoded.append('\n');
        case 't' -> decoded.append('\t');
        case 'r' -> decoded.append('\r');
        case 'b' -> decoded.append('\b');
        case 'f' -> decoded.append('\f');
        case 'a' -> decoded.append('\u0007');
        case 'v' -> decoded.append('\u000b');
        case '\\', '\'', '"' -> decoded.append(kind);
        case '\n' -> {} // a line that goes on
        case 'x' -> i = code(text, i, 2, decoded, line);
        case 'u' -> i = code(text, i, 4, decoded, line);
        case 'U' -> i = code(text, i, 8, decoded, line);
        default -> {
          if (kind >= '0' && kind <= '7') {
            i = octal(text, i, decoded);
          } else {
            decoded.append('\\').append(kind); // as Python keeps what it does not know
          }
        }
      }
    }
    return decoded.toString();
  }

  private static int code(String text, int at, int digits, StringBuilder to, int line) {
    int end = at + 1 + digits;
    String hex = end <= text.length() ? text.substring(at + 1, end) : "";
    if (!hex.matches("[0-9a-fA-F]+") || Long.parseLong(hex, 16) > Character.MAX_CODE_POINT) {
      throw new TemplateException(
          line, "\\" + text.charAt(at) + " needs " + digits + " hexadecimal digits after it");
    }
    to.appendCodePoint(Integer.parseInt(hex, 16));
    return end - 1;
  }

  private static int octal(String text, int at, StringBuilder to) {
    int end = at;
    while (end < text.length()
        && end < at + 3
        && text.charAt(end) >= '0'
        && text.charAt(end) <= '7') {
      end++;
    }
    to.appendCodePoint(Integer.parseInt(text.substring(at, end), 8));
    return end - 1;
  }
}
