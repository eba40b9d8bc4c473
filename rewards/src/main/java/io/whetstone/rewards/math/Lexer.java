package io.whetstone.rewards.math;

import io.whetstone.rewards.math.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts an answer, in LaTeX or plain text, into tokens.
 *
 * <p>Numbers are where the notation is thick: {@code 1,234.5}, {@code 1{,}234}, {@code 1\,234},
 * {@code 1 234}, {@code .5}, {@code 1.5e-3}. A comma between a digit and three digits separates
 * thousands; within brackets, and in the second reading, it separates items.
 */
final class Lexer {

  /** What {@code \text{…}} and its kin hold words in. */
  private static final Set<String> TEXTS =
      Set.of(
          "text",
          "textbf",
          "textit",
          "textrm",
          "texttt",
          "textsf",
          "textnormal",
          "mbox",
          "hbox",
          "mathrm",
          "operatorname",
          "emph",
          "operatorname*",
          "rm",
          "bf",
          "it");

  private static final Pattern NUMBER =
      Pattern.compile(
          "(?:[0-9]{1,3}(?:(?:\\{,\\}|,\\\\!|\\\\[,; ]|\\\\ )[0-9]{3})+(?![0-9])"
              + "|[0-9]{1,3}(?: [0-9]{3})+(?![0-9])|[0-9]+)?(?:\\.(?=[0-9])[0-9]+)?");
  private static final Pattern THOUSANDS =
      Pattern.compile("[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])(?:\\.(?=[0-9])[0-9]+)?");
  private static final Pattern EXPONENT = Pattern.compile("[eE][+-]?[0-9]{1,9}(?![0-9A-Za-z.])");
  private static final Pattern MARKUP = Pattern.compile("\\\\[a-zA-Z]+|[{}]");

  private final String source;
  private final Budget budget;
  private final boolean secondReading;
  private final List<Token> tokens = new ArrayList<>();
  private int at;
  private int brackets;
  private int nesting;
  private boolean spaced;
  private boolean ambiguous;

  private Lexer(String source, boolean secondReading, Budget budget) {
    this.source = source;
    this.budget = budget;
    this.secondReading = secondReading;
  }

  /**
   * The tokens, an END last.
   *
   * @param ambiguous whether the second reading has other tokens
   */
  record Result(List<Token> tokens, boolean ambiguous) {}

  static Result read(String text, boolean secondReading, Budget budget) throws UnreadableException {
    Lexer lexer = new Lexer(Glyphs.spellOut(text), secondReading, budget);
    lexer.run();
    return new Result(lexer.tokens, lexer.ambiguous);
  }

  private void run() throws UnreadableException {
    while (at < source.length()) {
      budget.spend(1);
      char c = source.charAt(at);
      if (Character.isWhitespace(c) || c == '$' && !startsMoney() || c == '~') {
        spaced = true;
        at++;
      } else if (isDigit(c)
          || c == '.' && at + 1 < source.length() && isDigit(source.charAt(at + 1))) {
        number();
      } else if (c == '\\') {
        command();
      } else if (Character.isLetter(c)) {
        word();
      } else {
        sign(c);
      }
    }
    add(Kind.END, "");
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  /** An unpaired dollar in front of a number is money; a pair is LaTeX's. */
  private boolean startsMoney() {
    return at + 1 < source.length()
        && (isDigit(source.charAt(at + 1)) || source.charAt(at + 1) == '.')
        && source.indexOf('$', at + 1) < 0
        && source.lastIndexOf('$', at - 1) < 0;
  }

  private void add(Kind kind, String text) {
    tokens.add(new Token(kind, text, spaced));
    spaced = false;
  }

  private void number() {
    String digits = null;
    if (brackets == 0 && !secondReading) {
      Matcher thousands = THOUSANDS.matcher(source).region(at, source.length());
      if (thousands.lookingAt()) {
        ambiguous = true;
        digits = thousands.group().replace(",", "");
        at = thousands.end();
      }
    }
    if (digits == null) {
      Matcher number = NUMBER.matcher(source).region(at, source.length());
      number.lookingAt();
      at = number.end();
      digits = number.group().replaceAll("[^0-9.]", "");
    }
    Matcher exponent = EXPONENT.matcher(source).region(at, source.length());
    if (exponent.lookingAt() && !afterCaret()) {
      digits += exponent.group();
      at = exponent.end();
    }
    add(Kind.NUMBER, digits);
    // "5." ends a sentence or is a lazy decimal, "5..." goes on.
    if (at < source.length()
        && source.charAt(at) == '.'
        && !source.startsWith("..", at)
        && !(at + 1 < source.length() && source.charAt(at + 1) == '(')) {
      at++;
    }
  }

  /** In {@code 2^1e5} nobody means 2 to the 100000. */
  private boolean afterCaret() {
    return !tokens.isEmpty() && tokens.getLast().is('^');
  }

  private void word() {
    int start = at;
    while (at < source.length() && Character.isLetter(source.codePointAt(at))) {
      at += Character.charCount(source.codePointAt(at));
    }
    // An apostrophe or hyphen within a word, but not a derivative or a minus between variables.
    while (at - start > 2
        && at + 2 < source.length()
        && source.charAt(at) == '\''
        && Character.isLetter(source.charAt(at + 1))) {
      at++;
      while (at < source.length() && Character.isLetter(source.charAt(at))) {
        at++;
      }
    }
    if (at == start) { // half of a surrogate pair
      at++;
    }
    add(Kind.WORD, source.substring(start, at));
  }

  private void command() throws UnreadableException {
    int start = ++at;
    if (start == source.length()) {
      return;
    }
    while (at < source.length() && isLatin(source.charAt(at))) {
      at++;
    }
    if (at == start) {
      at++;
    }
    String name = source.substring(start, at);
    if (TEXTS.contains(name)) {
      text(name);
      return;
    }
    if (name.equals("\\")) { // a row of a matrix ends
      skipOptional();
      add(Kind.COMMAND, name);
      return;
    }
    String sign = Glyphs.ofCommand(name);
    if (sign == null) {
      add(Kind.COMMAND, name);
    } else if (sign.equals(" ")) {
      spaced = true;
      // \left. and \right. are brackets that are not there.
      if ((name.equals("left") || name.equals("right")) && peek('.')) {
        at++;
      }
    } else {
      emit(sign.charAt(0));
    }
  }

  private boolean peek(char c) {
    return at < source.length() && source.charAt(at) == c;
  }

  /** The {@code [2pt]} after a row. */
  private void skipOptional() {
    Matcher space = Pattern.compile("\\[[0-9.]+[a-z]{2}\\]").matcher(source);
    if (space.region(at, source.length()).lookingAt()) {
      at = space.end();
    }
  }

  private static boolean isLatin(char c) {
    return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
  }

  private void text(String name) throws UnreadableException {
    while (peek(' ')) {
      at++;
    }
    if (!peek('{')) { // {\rm cm}: the words follow as they are
      spaced = true;
      return;
    }
    int start = ++at;
    int depth = 1;
    while (at < source.length() && depth > 0) {
      char c = source.charAt(at++);
      if (c == '\\') {
        at++;
      } else if (c == '{') {
        depth++;
      } else if (c == '}') {
        depth--;
      }
    }
    if (depth > 0 || at > source.length()) {
      throw new UnreadableException("\\" + name + "{ is not closed");
    }
    budget.spend(at - start);
    String words = source.substring(start, at - 1);
    if (isMathematics(words)) {
      source(words);
      return;
    }
    String plain = MARKUP.matcher(words).replaceAll("").strip();
    if (Operation.named(plain) != null || plain.equals("and") || plain.equals("or")) {
      add(Kind.WORD, plain);
    } else if (plain.equals(",") || plain.equals(";")) {
      emit(plain.charAt(0));
    } else if (!plain.isEmpty()) {
      add(Kind.TEXT, plain);
    }
    spaced = true;
  }

  /** Numbers, formulas and lists set as text are read like the rest. */
  private static boolean isMathematics(String words) {
    for (int i = 0; i < words.length(); i++) {
      char c = words.charAt(i);
      if (isDigit(c) || c == '$' || c == '=' || c == '\\' && !words.startsWith("\\text", i)) {
        return true;
      }
    }
    return words.indexOf(',') >= 0 || words.contains(" and ") || words.contains(" or ");
  }

  private void source(String words) throws UnreadableException {
    Lexer inner = new Lexer(words, secondReading, budget);
    inner.brackets = brackets;
    inner.spaced = true;
    inner.nesting = nesting + 1;
    if (inner.nesting > 8) {
      throw new UnreadableException("texts within texts, nested too deeply");
    }
    inner.run();
    inner.tokens.removeLast();
    tokens.addAll(inner.tokens);
    ambiguous |= inner.ambiguous;
  }

  /** One sign, whose like may continue in the next characters: {@code <=}. */
  private void sign(char c) {
    at++;
    switch (c) {
      case '<' -> emit(followed('=') ? '≤' : followed('>') ? '≠' : '<');
      case '>' -> emit(followed('=') ? '≥' : '>');
      case '!' -> emit(spaced && followed('=') ? '≠' : '!'); // 5!=120 is a factorial
      case '=' -> {
        char next = followed('>') ? '⇒' : '=';
        if (next == '=') {
          followed('=');
        }
        emit(next);
      }
      case '-' -> emit(followed('>') ? '→' : '-');
      case '*' -> emit(followed('*') ? '^' : '*');
      case '.' -> {
        boolean more = source.startsWith("..", at);
        at += more ? 2 : 0;
        emit(more ? '…' : '.');
      }
      case '"', '`' -> spaced = true;
      default -> emit(c);
    }
  }

  private void emit(char c) {
    if (c == '(' || c == '[' || c == '⦃') {
      brackets++;
    } else if (c == ')' || c == ']' || c == '⦄') {
      brackets--;
    }
    add(Kind.SIGN, String.valueOf(c));
  }

  private boolean followed(char c) {
    if (peek(c)) {
      at++;
      return true;
    }
    return false;
  }
}
