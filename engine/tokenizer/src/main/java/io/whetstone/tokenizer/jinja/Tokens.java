package io.whetstone.tokenizer.jinja;

import io.whetstone.tokenizer.jinja.Token.Kind;
import java.util.List;

/** The pieces of a template as a parser walks over them. */
final class Tokens {
  /** Deeper nesting is no template's; the parser calls itself for each level. */
  private static final int DEEPEST = 150;

  private final List<Token> tokens;
  private int at;
  private int depth;

  Tokens(List<Token> tokens) {
    this.tokens = tokens;
  }

  Token current() {
    return tokens.get(at);
  }

  Token following() {
    return tokens.get(Math.min(at + 1, tokens.size() - 1));
  }

  Token next() {
    Token token = current();
    if (!token.is(Kind.END)) {
      at++;
    }
    return token;
  }

  boolean skip(String symbol) {
    boolean is = current().is(symbol);
    if (is) {
      at++;
    }
    return is;
  }

  void expect(String symbol) {
    if (!skip(symbol)) {
      throw unexpected(symbol);
    }
  }

  Token expect(Kind kind, String what) {
    if (!current().is(kind)) {
      throw unexpected(what);
    }
    return next();
  }

  String name(String what) {
    return expect(Kind.NAME, what).text();
  }

  int line() {
    return current().line();
  }

  TemplateException unexpected(String expected) {
    return new TemplateException(line(), "got " + current() + ", expected " + expected);
  }

  void enter() {
    if (++depth > DEEPEST) {
      throw new TemplateException(line(), "nested deeper than " + DEEPEST + " levels");
    }
  }

  void leave() {
    depth--;
  }
}
