package io.whetstone.rewards.math;

import io.whetstone.rewards.math.Expression.Call;
import io.whetstone.rewards.math.Expression.Either;
import io.whetstone.rewards.math.Expression.Group;
import io.whetstone.rewards.math.Expression.Number;
import io.whetstone.rewards.math.Expression.PlusMinus;
import io.whetstone.rewards.math.Expression.Power;
import io.whetstone.rewards.math.Expression.Product;
import io.whetstone.rewards.math.Expression.Quantity;
import io.whetstone.rewards.math.Expression.SetOperation;
import io.whetstone.rewards.math.Expression.Sum;
import io.whetstone.rewards.math.Expression.Symbol;
import io.whetstone.rewards.math.Token.Kind;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads sums, products and powers.
 *
 * <pre>
 * sum     := ('+' | '-' | '±')* product (('+' | '-' | '±') product)*
 * product := power (('*' | '/' | ':' | nothing) power)* unit?
 * power   := atom postfix* ('^' power)?
 * </pre>
 *
 * A product without a sign binds closer than a division, {@code 1/2x = 1/(2x)}; in the second
 * reading it does not.
 */
final class TermParser {

  private static final int MOST_POSTFIXES = 16;

  private final TokenStream tokens;
  private final Parser parser;
  private final AtomParser atoms;
  private final boolean secondReading;
  private boolean ambiguous;
  private Bars bars = new Bars(0, false, false);

  /**
   * What a bar or bracket means here.
   *
   * @param open how many {@code |…} are waiting for their end
   * @param separates whether {@code |} and {@code :} end the variable of {@code {x | …}}
   * @param closes whether {@code [} ends an interval, as in {@code [1, 2[}
   */
  record Bars(int open, boolean separates, boolean closes) {}

  TermParser(TokenStream tokens, Parser parser, boolean secondReading) {
    this.tokens = tokens;
    this.parser = parser;
    this.secondReading = secondReading;
    this.atoms = new AtomParser(tokens, parser, this);
  }

  boolean isAmbiguous() {
    return ambiguous;
  }

  Bars enterBrackets(char open) {
    Bars outer = bars;
    bars = new Bars(0, open == '{', open != '{');
    return outer;
  }

  void leaveBrackets(Bars outer) {
    bars = outer;
  }

  Expression sum() throws UnreadableException {
    tokens.enter();
    List<Expression> terms = new ArrayList<>();
    do {
      terms.add(signed());
    } while (isSign());
    tokens.leave();
    if (terms.size() == 1) {
      return terms.getFirst();
    }
    if (terms.getLast() instanceof Quantity last) { // 2 + 3 cm
      terms.set(terms.size() - 1, last.value());
      return new Quantity(new Sum(terms), last.unit(), null);
    }
    return new Sum(terms);
  }

  private boolean isSign() {
    Token token = tokens.peek();
    return token.is('+') || token.is('-') || token.is('±') || token.is('∓');
  }

  private Expression signed() throws UnreadableException {
    boolean negative = false;
    char plusMinus = 0;
    while (isSign()) {
      char sign = tokens.next().text().charAt(0);
      negative ^= sign == '-';
      plusMinus = sign == '±' || sign == '∓' ? sign : plusMinus;
    }
    Expression term = product();
    if (plusMinus != 0) {
      term = plusMinus(term, plusMinus == '±');
    }
    return negative ? negative(term) : term;
  }

  private static Expression negative(Expression term) {
    return switch (term) {
      case Quantity q ->
          new Quantity(
              negative(q.value()), q.unit(), q.product() == null ? null : negative(q.product()));
      case Either e -> new Either(negative(e.strict()), negative(e.loose()));
      case Group g when !g.isSet() ->
          new Group(g.open(), g.close(), g.items().stream().map(TermParser::negative).toList());
      default -> Expression.negate(term);
    };
  }

  private static Expression plusMinus(Expression term, boolean upper) {
    return term instanceof Quantity q
        ? new Quantity(new PlusMinus(q.value(), upper), q.unit(), null)
        : new PlusMinus(term, upper);
  }

  private Expression product() throws UnreadableException {
    List<Expression> factors = new ArrayList<>();
    factors.add(power());
    while (true) {
      if (tokens.take('*')) {
        factors.add(signedPower());
      } else if (tokens.take('/') || isRatio() && tokens.take(':')) {
        factors.add(Expression.reciprocal(divisor()));
      } else if (takesModulo()) {
        Expression modulus = power();
        Expression value = new Call(Operation.MOD, List.of(product(factors), modulus));
        factors.clear();
        factors.add(value);
      } else if (atoms.isUnitNext(factors)) {
        return atoms.unit(product(factors));
      } else if (continues()) {
        factors.add(power());
      } else {
        return product(factors);
      }
    }
  }

  private static Expression product(List<Expression> factors) {
    return factors.size() == 1 ? factors.getFirst() : new Product(List.copyOf(factors));
  }

  private Expression signedPower() throws UnreadableException {
    boolean negative = false;
    while (tokens.peek().is('-') || tokens.peek().is('+')) {
      negative ^= tokens.next().is('-');
    }
    return negative ? negative(power()) : power();
  }

  /** Odds and scales, {@code 3:4}; but a colon also introduces. */
  private boolean isRatio() {
    Kind after = tokens.peekSecond().kind();
    return !bars.separates() && (after == Kind.NUMBER || after == Kind.WORD);
  }

  private Expression divisor() throws UnreadableException {
    Expression first = signedPower();
    if (!continues() || atoms.isUnitNext(List.of(first))) {
      return first;
    }
    ambiguous = true;
    if (secondReading) {
      return first;
    }
    List<Expression> factors = new ArrayList<>(List.of(first));
    while (continues() && !atoms.isUnitNext(factors)) {
      factors.add(power());
    }
    return product(factors);
  }

  private boolean takesModulo() {
    Token token = tokens.peek();
    if (token.isCommand("bmod")
        || token.isCommand("mod")
        || token.kind() == Kind.WORD && token.text().equals("mod")) {
      tokens.next();
      return true;
    }
    return false;
  }

  /** {@code \pmod 7}, {@code (mod 7)}, if it is next, else null. */
  Unit modulus() throws UnreadableException {
    boolean plain =
        tokens.peek().is('(')
            && (tokens.peekSecond().text().equals("mod") || tokens.peekSecond().isCommand("bmod"));
    if (!plain && !tokens.peek().isCommand("pmod")) {
      return null;
    }
    tokens.next();
    if (plain) {
      tokens.next();
      Expression modulus = sum();
      tokens.expect(')');
      return Unit.modulo(modulus.toString());
    }
    return Unit.modulo(power().toString());
  }

  /** Whether a factor follows without a sign of multiplication. */
  boolean continues() {
    Token token = tokens.peek();
    return switch (token.kind()) {
      case NUMBER -> {
        Token before = tokens.previous();
        yield before != null && before.kind() != Kind.NUMBER;
      }
      case WORD ->
          !tokens.isWord("and")
              && !tokens.isWord("or")
              && !tokens.isWord("mod")
              && !isUnionLetter(token)
              && !atoms.isWords(token);
      case COMMAND -> atoms.isFactor(token.text());
      case TEXT, END -> false;
      case SIGN ->
          switch (token.text().charAt(0)) {
            case '(' -> !tokens.peekSecond().text().equals("mod");
            case '{', '∞' -> true;
            case '[' -> !bars.closes() || !closesInterval();
            case '|' -> bars.open() == 0 && !bars.separates();
            default -> false;
          };
    };
  }

  private boolean closesInterval() {
    Token after = tokens.peekSecond();
    return after.kind() == Kind.END
        || after.kind() == Kind.SIGN && "∪∩∖,)=".indexOf(after.text().charAt(0)) >= 0;
  }

  private boolean isUnionLetter(Token token) {
    Token after = tokens.peekSecond();
    return token.text().equalsIgnoreCase("u")
        && token.spaced()
        && (after.is('(') || after.is('[') || after.is('⦃'));
  }

  /** In plain text the union of intervals is a letter. */
  boolean takesUnionLetter(Expression left) {
    boolean set = left instanceof Group || left instanceof SetOperation;
    if (set && tokens.peek().kind() == Kind.WORD && isUnionLetter(tokens.peek())) {
      tokens.next();
      return true;
    }
    return false;
  }

  Expression power() throws UnreadableException {
    tokens.enter();
    Expression base = postfix(atoms.atom());
    Expression result = base;
    if (tokens.take('^')) {
      result = raised(base);
    }
    tokens.leave();
    return result;
  }

  private Expression raised(Expression base) throws UnreadableException {
    if (atoms.takesDegree()) {
      return postfix(atoms.degrees(base));
    }
    Expression exponent = exponent();
    Expression power = new Power(base, exponent);
    return tokens.peek().is('!') || tokens.peek().is('%') ? postfix(power) : power;
  }

  Expression exponent() throws UnreadableException {
    if (tokens.peek().is('-') || tokens.peek().is('+')) {
      return tokens.next().is('-') ? negative(power()) : power();
    }
    atoms.splitWord();
    return power();
  }

  private Expression postfix(Expression value) throws UnreadableException {
    Expression result = value;
    for (int count = 0; ; count++) {
      if (count == MOST_POSTFIXES) {
        throw new UnreadableException("too many signs after a number");
      }
      if (tokens.take('!')) {
        boolean twice = tokens.peek().is('!') && !tokens.peek().spaced() && tokens.take('!');
        result =
            new Call(twice ? Operation.DOUBLE_FACTORIAL : Operation.FACTORIAL, List.of(result));
      } else if (tokens.take('%') || isPercentWord() && tokens.next() != null) {
        result = new Either(Expression.product(result, Number.of(hundredth())), result);
      } else if (tokens.take('°') || tokens.takeWord("degrees") || tokens.takeWord("degree")) {
        result = atoms.degrees(result);
      } else if (tokens.peek().is('_')) {
        result = atoms.subscript(result);
      } else if (tokens.peek().is('\'') && result instanceof Symbol symbol) {
        tokens.next();
        result = new Symbol(symbol.name() + "'");
      } else {
        return result;
      }
    }
  }

  private static Rational hundredth() {
    return Rational.of(100).reciprocal();
  }

  private boolean isPercentWord() {
    Token token = tokens.peek();
    return (token.kind() == Kind.WORD || token.kind() == Kind.TEXT)
        && token.text().equalsIgnoreCase("percent");
  }

  /** {@code |x|}; the bar is next. */
  Expression bars() throws UnreadableException {
    tokens.enter();
    char bar = tokens.next().text().charAt(0);
    Bars outer = bars;
    bars = new Bars(outer.open() + 1, false, outer.closes());
    Expression inner = sum();
    bars = outer;
    tokens.expect(bar);
    tokens.leave();
    return inner instanceof Expression.Matrix matrix
        ? Matrices.determinant(matrix)
        : new Call(Operation.ABS, List.of(inner));
  }

  /** The product that is an argument of a function without brackets: {@code \sin 2x}. */
  Expression bareArgument() throws UnreadableException {
    List<Expression> factors = new ArrayList<>();
    boolean negative = tokens.take('-');
    factors.add(power());
    while (continues() && !atoms.isFunctionNext() && !atoms.isUnitNext(factors)) {
      factors.add(power());
    }
    return negative ? negative(product(factors)) : product(factors);
  }
}
