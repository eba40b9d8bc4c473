package io.whetstone.rewards.math;

import io.whetstone.rewards.math.Expression.Constant;
import io.whetstone.rewards.math.Expression.Either;
import io.whetstone.rewards.math.Expression.Group;
import io.whetstone.rewards.math.Expression.Listing;
import io.whetstone.rewards.math.Expression.Number;
import io.whetstone.rewards.math.Expression.Product;
import io.whetstone.rewards.math.Expression.Quantity;
import io.whetstone.rewards.math.Expression.Symbol;
import io.whetstone.rewards.math.Expression.Text;
import io.whetstone.rewards.math.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Reads what is not made of operators: numbers, names, words, brackets, and units after them. */
final class AtomParser {

  private final TokenStream tokens;
  private final Parser parser;
  private final TermParser terms;
  private final CommandParser commands;
  private final NumberParser numbers;

  AtomParser(TokenStream tokens, Parser parser, TermParser terms) {
    this.tokens = tokens;
    this.parser = parser;
    this.terms = terms;
    this.commands = new CommandParser(tokens, parser, terms, this);
    this.numbers = new NumberParser(tokens, this);
  }

  Expression atom() throws UnreadableException {
    Token token = tokens.peek();
    return switch (token.kind()) {
      case NUMBER -> numbers.number();
      case WORD -> word(token);
      case TEXT -> text();
      case COMMAND -> commands.command();
      case END -> throw tokens.unexpected("a value");
      case SIGN ->
          switch (token.text().charAt(0)) {
            case '(', '[', ']', '⦃' -> parser.group();
            case '{' -> braces();
            case '|', '‖' -> terms.bars();
            case '∞' -> constant(Constant.INFINITY);
            case '∅' -> {
              tokens.next();
              yield new Group('{', '}', List.of());
            }
            case '$', '€', '£' -> money();
            default -> throw tokens.unexpected("a value");
          };
    };
  }

  private Expression constant(Constant constant) {
    tokens.next();
    return constant;
  }

  /** {@code {…}}: LaTeX's brackets that do not show, or in plain text a set. */
  Expression braces() throws UnreadableException {
    tokens.enter();
    tokens.expect('{');
    Expression inner;
    if (tokens.take('}')) {
      inner = new Group('{', '}', List.of());
    } else {
      TermParser.Bars outer = terms.enterBrackets('(');
      inner = parser.listing();
      if (tokens.peek().isCommand("choose")) {
        tokens.next();
        inner = new Expression.Call(Operation.BINOMIAL, List.of(inner, parser.listing()));
      }
      terms.leaveBrackets(outer);
      tokens.expect('}');
    }
    tokens.leave();
    return inner instanceof Listing listing ? new Group('{', '}', listing.items()) : inner;
  }

  private Expression money() throws UnreadableException {
    Unit unit = Unit.of(tokens.next().text());
    if (tokens.peek().kind() == Kind.END) {
      throw tokens.unexpected("an amount");
    }
    boolean negative = tokens.take('-');
    Expression value = terms.power();
    return new Quantity(negative ? Expression.negate(value) : value, unit, null);
  }

  /** An argument as LaTeX takes it: in braces, or one digit, letter or command. */
  Expression argument() throws UnreadableException {
    Token token = tokens.peek();
    if (token.is('{')) {
      return braces();
    }
    if (token.kind() == Kind.NUMBER && token.text().matches("[0-9]{2,}")) {
      tokens.replaceNext(
          List.of(
              new Token(Kind.NUMBER, token.text().substring(0, 1), token.spaced()),
              new Token(Kind.NUMBER, token.text().substring(1), false)));
      return Number.of(Long.parseLong(tokens.next().text()));
    }
    splitWord();
    return atom();
  }

  private Expression word(Token token) throws UnreadableException {
    String word = token.text();
    if (Operation.named(word) != null) {
      tokens.next();
      return commands.call(word);
    }
    switch (word) {
      case "pi":
        return constant(Constant.PI);
      case "inf", "infinity", "infty", "oo", "Infinity":
        return constant(Constant.INFINITY);
      case "e":
        return constant(Constant.E);
      case "i":
        return constant(Constant.I);
      case "ln", "and", "or":
        throw tokens.unexpected("a value");
      default:
        break;
    }
    if (word.codePointCount(0, word.length()) > 1 && !Words.isWord(word)) {
      splitWord();
      return word(tokens.peek());
    }
    if (Words.isWord(word)) {
      return glued(word) ? word(tokens.peek()) : text();
    }
    tokens.next();
    return new Symbol(word);
  }

  /** Takes {@code sinx} and {@code pir} apart; whether it did. */
  private boolean glued(String word) {
    for (String name : List.of("sqrt", "sin", "cos", "tan", "log", "ln", "pi")) {
      if (word.startsWith(name) && word.length() == name.length() + 1) {
        tokens.replaceNext(
            List.of(
                new Token(Kind.WORD, name, tokens.peek().spaced()),
                new Token(Kind.WORD, word.substring(name.length()), false)));
        return true;
      }
    }
    return false;
  }

  /** Makes letters of a word that is next and is no name. */
  void splitWord() {
    Token token = tokens.peek();
    String word = token.text();
    if (token.kind() != Kind.WORD
        || word.codePointCount(0, word.length()) < 2
        || Operation.named(word) != null
        || word.equals("pi")) {
      return;
    }
    List<Token> letters = new ArrayList<>();
    word.codePoints()
        .forEach(
            c ->
                letters.add(
                    new Token(
                        Kind.WORD, Character.toString(c), letters.isEmpty() && token.spaced())));
    tokens.replaceNext(letters);
  }

  /** Words where a value was expected: an answer in words, or what leads up to a number. */
  private Expression text() throws UnreadableException {
    StringBuilder words = new StringBuilder();
    String last = "";
    while (true) {
      Token token = tokens.peek();
      boolean more =
          token.kind() == Kind.TEXT
              || token.kind() == Kind.WORD && !tokens.isWord("and") && !tokens.isWord("or")
              || token.kind() == Kind.NUMBER && !Words.isFiller(last)
              || token.is('\'')
              || token.is('-') && tokens.peekSecond().kind() == Kind.WORD && !token.spaced();
      if (!more) {
        break;
      }
      words.append(words.isEmpty() ? "" : " ").append(token.text());
      last = token.text().substring(token.text().lastIndexOf(' ') + 1);
      tokens.next();
    }
    if (Words.isFiller(last) && !tokens.isEnd() && !tokens.peek().is('=')) {
      tokens.take(':');
      return terms.sum();
    }
    String plain = words.toString().toLowerCase(Locale.ROOT);
    return new Text(Words.bare(plain));
  }

  boolean isWords(Token token) {
    return token.kind() == Kind.WORD && Words.isWord(token.text());
  }

  boolean isFactor(String command) {
    return commands.isFactor(command);
  }

  boolean isFunctionNext() {
    Token token = tokens.peek();
    return (token.kind() == Kind.WORD || token.kind() == Kind.COMMAND)
        && Operation.named(token.text()) != null;
  }

  /** Whether what follows these factors is a unit, or words that count the same as one. */
  boolean isUnitNext(List<Expression> factors) {
    Token token = tokens.peek();
    if (token.kind() == Kind.TEXT) {
      return true;
    }
    if (token.is('$') || token.is('€') || token.is('£')) {
      return true;
    }
    if (token.kind() != Kind.WORD || tokens.isWord("and") || tokens.isWord("or")) {
      return false;
    }
    if (isWords(token)) {
      return true;
    }
    return Unit.isKnown(token.text())
        && factors.stream().noneMatch(f -> f instanceof Symbol)
        && (token.text().length() > 1 || endsAfter());
  }

  /**
   * A single letter is a unit only where nothing follows it: {@code 5 m}, but not {@code 5m + 1}.
   */
  private boolean endsAfter() {
    Token after = tokens.peekSecond();
    return after.kind() == Kind.END || after.is(',') || after.is('.');
  }

  /** Reads the unit of a value. */
  Expression unit(Expression value) throws UnreadableException {
    Expression scaled = value;
    StringBuilder name = new StringBuilder();
    int words = 0;
    while (true) {
      Token token = tokens.peek();
      if (token.kind() == Kind.TEXT || token.kind() == Kind.WORD && isUnitWord()) {
        Long scale = Words.scale(token.text());
        if (scale != null && name.isEmpty()) {
          scaled = scaled(scaled, scale);
        } else {
          name.append(name.isEmpty() ? "" : " ").append(token.text());
          words++;
        }
      } else if (!name.isEmpty() && token.is('/') && isUnitAfter()) {
        name.append('/');
      } else if (!name.isEmpty() && token.is('^')) {
        tokens.next();
        name.append('^').append(exponent());
        continue;
      } else if (token.is('$') || token.is('€') || token.is('£')) {
        name.append(token.text());
      } else {
        break;
      }
      tokens.next();
    }
    if (name.toString().matches("(?i)degrees?|deg")) {
      return degrees(scaled);
    }
    if (scaled instanceof Quantity inner) { // $5 million, or $5 in words again
      return inner;
    }
    boolean maybeLetters = words == 1 && name.length() <= 2;
    return name.isEmpty()
        ? scaled
        : new Quantity(
            scaled, Unit.of(name.toString()), maybeLetters ? asProduct(scaled, name) : null);
  }

  private static Expression scaled(Expression value, long scale) {
    return value instanceof Quantity q
        ? new Quantity(Expression.product(q.value(), Number.of(scale)), q.unit(), null)
        : Expression.product(value, Number.of(scale));
  }

  private static Expression asProduct(Expression value, CharSequence letters) {
    List<Expression> factors = new ArrayList<>(List.of(value));
    letters.chars().forEach(c -> factors.add(new Symbol(Character.toString(c))));
    return new Product(factors);
  }

  private boolean isUnitWord() {
    return !tokens.isWord("and") && !tokens.isWord("or");
  }

  private boolean isUnitAfter() {
    Token after = tokens.peekSecond();
    return after.kind() == Kind.TEXT || after.kind() == Kind.WORD;
  }

  private String exponent() throws UnreadableException {
    boolean braces = tokens.take('{');
    String sign = tokens.take('-') ? "-" : "";
    Token power = tokens.next();
    if (power.kind() != Kind.NUMBER || power.text().length() > 2) {
      throw new UnreadableException("the power of a unit is not a number");
    }
    if (braces) {
      tokens.expect('}');
    }
    return sign + power.text();
  }

  /** Takes {@code \circ} or {@code {\circ}}, after a caret, if it is next. */
  boolean takesDegree() {
    int mark = tokens.mark();
    boolean braces = tokens.take('{');
    boolean degree = tokens.peek().isCommand("circ") || tokens.peek().is('°');
    if (degree) {
      tokens.next();
      if (!braces || tokens.take('}')) {
        return true;
      }
    }
    tokens.reset(mark);
    return false;
  }

  /** An angle; of a temperature, the scale is a unit that is not compared. */
  Expression degrees(Expression value) {
    Token scale = tokens.peek();
    if ((scale.kind() == Kind.WORD || scale.kind() == Kind.TEXT)
        && scale.text().matches("[CFK]|Celsius|Fahrenheit")) {
      tokens.next();
      return new Quantity(value, Unit.of("degrees " + scale.text()), null);
    }
    Expression radian =
        Expression.product(value, Constant.PI, Number.of(Rational.of(180).reciprocal()));
    return new Either(radian, value);
  }

  /** A name's index, or a number's base; {@code _} is next. */
  Expression subscript(Expression value) throws UnreadableException {
    tokens.next();
    StringBuilder index = new StringBuilder();
    if (tokens.take('{')) {
      while (!tokens.take('}')) {
        if (tokens.isEnd() || tokens.peek().is('{')) {
          throw tokens.unexpected("the index's end");
        }
        index.append(tokens.next().text());
      }
    } else {
      index.append(tokens.next().text());
    }
    return switch (value) {
      case Number number -> NumberParser.inBase(number, index.toString());
      case Symbol symbol -> new Symbol(symbol.name() + "_" + index);
      case Constant constant -> new Symbol(constant.name().toLowerCase(Locale.ROOT) + "_" + index);
      default -> throw new UnreadableException("an index on what is neither name nor number");
    };
  }
}
