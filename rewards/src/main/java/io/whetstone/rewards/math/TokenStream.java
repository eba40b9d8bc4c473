package io.whetstone.rewards.math;

import io.whetstone.rewards.math.Token.Kind;
import java.util.ArrayList;
import java.util.List;

/** Tokens as a parser goes through them, with the bound on how deep it may go. */
final class TokenStream {

  /** Answers are shallow; the parser's and later walks' recursion is bounded by this. */
  private static final int DEEPEST = 400;

  private final List<Token> tokens;
  private final Budget budget;
  private int at;
  private int depth;

  TokenStream(List<Token> tokens, Budget budget) {
    this.tokens = new ArrayList<>(tokens);
    this.budget = budget;
  }

  Token peek() {
    return tokens.get(at);
  }

  /** The token after the next, or END. */
  Token peekSecond() {
    return tokens.get(Math.min(at + 1, tokens.size() - 1));
  }

  /** The token before the next, or null at the start. */
  Token previous() {
    return at == 0 ? null : tokens.get(at - 1);
  }

  Token next() {
    budget.spend(1);
    Token token = tokens.get(at);
    if (token.kind() != Kind.END) {
      at++;
    }
    return token;
  }

  boolean take(char sign) {
    boolean taken = peek().is(sign);
    if (taken) {
      next();
    }
    return taken;
  }

  boolean takeWord(String word) {
    boolean taken = isWord(word);
    if (taken) {
      next();
    }
    return taken;
  }

  boolean isWord(String word) {
    return peek().kind() == Kind.WORD && peek().text().equalsIgnoreCase(word);
  }

  boolean isEnd() {
    return peek().kind() == Kind.END;
  }

  void expect(char sign) throws UnreadableException {
    if (!take(sign)) {
      throw unexpected("'" + sign + "'");
    }
  }

  UnreadableException unexpected(String expected) {
    String got = isEnd() ? "the end" : "\"" + peek().text() + "\"";
    return new UnreadableException("found " + got + " where " + expected + " was expected");
  }

  /** Replaces the next token: {@code \frac12} takes the 1 of 12; a word falls into letters. */
  void replaceNext(List<Token> by) {
    budget.spend(by.size());
    tokens.remove(at);
    tokens.addAll(at, by);
  }

  /** Removes all of these signs before the command, at the same level or not. */
  void dropUntil(char sign, String command) {
    for (int i = at; i < tokens.size() && !tokens.get(i).isCommand(command); i++) {
      budget.spend(1);
      if (tokens.get(i).is(sign)) {
        tokens.remove(i--);
      }
    }
  }

  int mark() {
    return at;
  }

  void reset(int mark) {
    at = mark;
  }

  void enter() throws UnreadableException {
    if (++depth > DEEPEST) {
      throw new UnreadableException("nested too deeply");
    }
  }

  void leave() {
    depth--;
  }
}
