package io.whetstone.tokenizer.jinja;

import io.whetstone.tokenizer.jinja.Token.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts a template into pieces as Jinja does with {@code trim_blocks} and {@code lstrip_blocks}: the
 * line break after a block's or comment's tag goes, and so does indentation before one.
 */
final class Lexer {
  private static final Pattern OPENING = Pattern.compile("\\{\\{|\\{%|\\{#");
  private static final Pattern RAW = Pattern.compile("\\{%([-+]?)\\s*raw\\s*(-%}\\s*|%})");
  private static final Pattern END_RAW =
      Pattern.compile("\\{%([-+]?)\\s*endraw\\s*(\\+%}|-%}\\s*|%}\n?)");
  private static final Pattern NAME = Pattern.compile("[\\p{L}_][\\p{L}\\p{N}_]*");
  private static final Pattern FLOAT =
      Pattern.compile("(\\d+_)*\\d+(\\.(\\d+_)*\\d+[eE][+-]?\\d+|\\.(\\d+_)*\\d+|[eE][+-]?\\d+)");
  private static final Pattern INTEGER =
      Pattern.compile("0[bB](_?[01])+|0[oO](_?[0-7])+|0[xX](_?[0-9a-fA-F])+|\\d(_?\\d)*");
  private static final Pattern OPERATOR =
      Pattern.compile("\\*\\*|//|==|!=|>=|<=|[-+/*%~\\[\\](){}<>=.:|,;]");

  private final String source;
  private final List<Token> tokens = new ArrayList<>();
  private int at;
  private int line = 1;

  /** Whether what comes next begins a line, as far as the tag before it consumed. */
  private boolean lineStarting = true;

  private Lexer(String source) {
    this.source = source;
  }

  static List<Token> tokens(String template) {
    String text = template.replace("\r\n", "\n").replace('\r', '\n');
    Lexer lexer = new Lexer(text.endsWith("\n") ? text.substring(0, text.length() - 1) : text);
    lexer.run();
    return lexer.tokens;
  }

  private void run() {
    Matcher opening = OPENING.matcher(source);
    while (opening.find(at)) {
      int begin = opening.start();
      Matcher raw = RAW.matcher(source).region(begin, source.length());
      char sign = begin + 2 < source.length() ? source.charAt(begin + 2) : ' ';
      boolean variable = opening.group().equals("{{");
      text(source.substring(at, begin), sign, variable);
      advance(begin);
      if (raw.lookingAt()) {
        raw(raw);
      } else if (opening.group().equals("{#")) {
        comment();
      } else {
        tag(variable, sign);
      }
    }
    text(source.substring(at), '+', true);
    advance(source.length());
    tokens.add(new Token(Kind.END, "", line));
  }

  /** Emits the text before a tag, stripped as the tag asks for. */
  private void text(String text, char sign, boolean variable) {
    String kept = text;
    if (sign == '-') {
      kept = text.stripTrailing();
    } else if (sign != '+' && !variable) {
      int from = text.lastIndexOf('\n') + 1;
      if ((from > 0 || lineStarting) && text.substring(from).isBlank()) {
        kept = text.substring(0, from);
      }
    }
    if (!kept.isEmpty()) {
      tokens.add(new Token(Kind.TEXT, kept, line));
    }
  }

  private void raw(Matcher raw) {
    advance(raw.end());
    Matcher end = END_RAW.matcher(source);
    if (!end.find(at)) {
      throw new TemplateException(line, "{% raw %} is not closed by {% endraw %}");
    }
    char sign = end.group(1).isEmpty() ? ' ' : end.group(1).charAt(0);
    lineStarting = at > 0 && source.charAt(at - 1) == '\n';
    text(source.substring(at, end.start()), sign, false);
    advance(end.end());
    lineStarting = source.charAt(at - 1) == '\n';
  }

  private void comment() {
    int end = source.indexOf("#}", at + 2);
    if (end < 0) {
      throw new TemplateException(line, "a comment is not closed by #}");
    }
    char opening = source.charAt(at + 2);
    int from = at + (opening == '-' || opening == '+' ? 3 : 2);
    char sign = end > from ? source.charAt(end - 1) : ' ';
    advance(end + 2);
    trimAfter(sign, true);
  }

  /** What follows a closing tag: {@code -} takes all white space, a block's tag one line break. */
  private void trimAfter(char sign, boolean block) {
    if (sign == '-') {
      int to = at;
      while (to < source.length() && Character.isWhitespace(source.charAt(to))) {
        to++;
      }
      advance(to);
    } else if (block && sign != '+' && at < source.length() && source.charAt(at) == '\n') {
      advance(at + 1);
    }
    lineStarting = source.charAt(at - 1) == '\n';
  }

  private void tag(boolean variable, char sign) {
    tokens.add(new Token(variable ? Kind.VARIABLE_BEGIN : Kind.BLOCK_BEGIN, "", line));
    advance(at + (sign == '-' || sign == '+' ? 3 : 2));
    String closing = variable ? "}}" : "%}";
    Deque<Character> open = new ArrayDeque<>();
    while (true) {
      skipSpace();
      if (at >= source.length()) {
        throw new TemplateException(line, "a tag is not closed by " + closing);
      }
      if (open.isEmpty() && closes(closing)) {
        char last = source.charAt(at);
        tokens.add(new Token(variable ? Kind.VARIABLE_END : Kind.BLOCK_END, "", line));
        boolean signed = last == '-' || last == '+';
        advance(at + (signed ? 3 : 2));
        trimAfter(signed ? last : ' ', !variable);
        return;
      }
      next(open);
    }
  }

  private boolean closes(String closing) {
    return source.startsWith(closing, at)
        || source.startsWith("-" + closing, at)
        || closing.equals("%}") && source.startsWith("+%}", at);
  }

  private void next(Deque<Character> open) {
    char c = source.charAt(at);
    if (c == '"' || c == '\'') {
      string(c);
    } else if (!take(NAME, Kind.NAME) && !take(FLOAT, Kind.FLOAT) && !take(INTEGER, Kind.INTEGER)) {
      balance(c, open);
      if (!take(OPERATOR, Kind.OPERATOR)) {
        throw new TemplateException(line, "the character '" + c + "' is not expected");
      }
    }
  }

  private void balance(char c, Deque<Character> open) {
    switch (c) {
      case '(' -> open.push(')');
      case '[' -> open.push(']');
      case '{' -> open.push('}');
      case ')', ']', '}' -> {
        if (open.isEmpty() || open.pop() != c) {
          throw new TemplateException(line, "'" + c + "' closes nothing");
        }
      }
      default -> {}
    }
  }

  private boolean take(Pattern pattern, Kind kind) {
    Matcher matcher = pattern.matcher(source).region(at, source.length());
    if (!matcher.lookingAt()) {
      return false;
    }
    tokens.add(new Token(kind, matcher.group(), line));
    advance(matcher.end());
    return true;
  }

  private void string(char quote) {
    int end = at + 1;
    while (end < source.length() && source.charAt(end) != quote) {
      end += source.charAt(end) == '\\' ? 2 : 1;
    }
    if (end >= source.length()) {
      throw new TemplateException(line, "a string is not closed by " + quote);
    }
    tokens.add(new Token(Kind.STRING, Escapes.decode(source.substring(at + 1, end), line), line));
    advance(end + 1);
  }

  private void skipSpace() {
    int to = at;
    while (to < source.length() && Character.isWhitespace(source.charAt(to))) {
      to++;
    }
    advance(to);
  }

  private void advance(int to) {
    for (int i = at; i < to; i++) {
      if (source.charAt(i) == '\n') {
        line++;
      }
    }
    at = to;
  }
}
