package io.whetstone.rewards.math;

import io.whetstone.rewards.math.Expression.Comparison;
import io.whetstone.rewards.math.Expression.Connective;
import io.whetstone.rewards.math.Expression.Group;
import io.whetstone.rewards.math.Expression.Listing;
import io.whetstone.rewards.math.Expression.Quantity;
import io.whetstone.rewards.math.Expression.Relation;
import io.whetstone.rewards.math.Expression.SetBuilder;
import io.whetstone.rewards.math.Expression.SetOperation;
import io.whetstone.rewards.math.Expression.SetOperator;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads an answer into an expression: by recursive descent, in bounded depth.
 *
 * <pre>
 * answer   := listing
 * listing  := relation ((',' | ';' | and | or) relation)*
 * relation := set ((= | ≠ | &lt; | ≤ | &gt; | ≥ | ∈) set)*
 * set      := sum ((∪ | ∩ | ∖) sum)*
 * group    := ('(' | '[' | '{') listing (')' | ']' | '}')
 * </pre>
 *
 * Sums and what they are made of are {@link TermParser}'s.
 */
final class Parser {

  /** Longest chain of operators of one kind that is built as a tree that leans to one side. */
  private static final int LONGEST_CHAIN = 64;

  private final TokenStream tokens;
  private final TermParser terms;

  private Parser(TokenStream tokens, boolean secondReading) {
    this.tokens = tokens;
    this.terms = new TermParser(tokens, this, secondReading);
  }

  /**
   * An answer that was read.
   *
   * @param ambiguous whether the second reading gives another expression
   */
  record Parsed(Expression expression, boolean ambiguous) {}

  /**
   * Reads the whole text.
   *
   * @param secondReading whether notations that people use in two ways ({@code 1/2x}, {@code
   *     1,234}) are read in the less usual one
   * @throws UnreadableException if it is no answer
   */
  static Parsed parse(String text, boolean secondReading, Budget budget)
      throws UnreadableException {
    Lexer.Result read = Lexer.read(text, secondReading, budget);
    TokenStream tokens = new TokenStream(read.tokens(), budget);
    Parser parser = new Parser(tokens, secondReading);
    while (tokens.take('=') || tokens.take('→') || tokens.take('⇒') || tokens.take(':')) {
      // "= 5" answers what was asked on the line before
    }
    Expression expression = parser.listing();
    while (tokens.take('.') || tokens.take(',') || tokens.take(';')) {
      // a sentence's end
    }
    if (!tokens.isEnd()) {
      throw tokens.unexpected("the end");
    }
    return new Parsed(expression, read.ambiguous() || parser.terms.isAmbiguous());
  }

  Expression listing() throws UnreadableException {
    tokens.enter();
    List<Expression> items = new ArrayList<>();
    items.add(relation());
    Connective connective = null;
    while (true) {
      Connective joined = connective();
      if (joined == null) {
        break;
      }
      if (connective == null || joined != Connective.COMMA) {
        connective = joined;
      }
      if (tokens.isEnd()) {
        break; // a trailing comma
      }
      items.add(relation());
    }
    tokens.leave();
    return items.size() == 1 ? items.getFirst() : new Listing(connective, items);
  }

  private Connective connective() {
    Connective found = null;
    while (true) {
      if (tokens.take(',') || tokens.take(';')) {
        found = found == null ? Connective.COMMA : found;
      } else if (tokens.takeWord("and") || tokens.take('∧') || tokens.take('&')) {
        found = Connective.AND;
      } else if (tokens.takeWord("or") || tokens.take('∨')) {
        found = Connective.OR;
      } else {
        return found;
      }
    }
  }

  Expression relation() throws UnreadableException {
    tokens.enter();
    List<Expression> chain = new ArrayList<>();
    List<Comparison> comparisons = new ArrayList<>();
    chain.add(set());
    while (true) {
      if (tokens.take('⇒')) { // what follows from it is the answer
        chain.clear();
        comparisons.clear();
      } else {
        Comparison comparison = comparison();
        if (comparison == null) {
          break;
        }
        comparisons.add(comparison);
      }
      chain.add(set());
    }
    Unit modulus = terms.modulus();
    if (modulus != null) {
      chain.add(new Quantity(chain.removeLast(), modulus, null));
    }
    tokens.leave();
    return chain.size() == 1 ? chain.getFirst() : new Relation(chain, comparisons);
  }

  private Comparison comparison() {
    Token token = tokens.peek();
    if (token.kind() != Token.Kind.SIGN) {
      return null;
    }
    if (token.is(':') && tokens.peekSecond().is('=')) {
      tokens.next();
    }
    Comparison comparison =
        switch (token.text().charAt(0)) {
          case '=', '→', ':' -> Comparison.EQUAL;
          case '≠' -> Comparison.UNEQUAL;
          case '<' -> Comparison.LESS;
          case '≤' -> Comparison.LESS_OR_EQUAL;
          case '>' -> Comparison.GREATER;
          case '≥' -> Comparison.GREATER_OR_EQUAL;
          case '∈' -> Comparison.ELEMENT;
          default -> null;
        };
    if (comparison == null || token.is(':') && !tokens.peek().is('=')) {
      return null;
    }
    tokens.next();
    while (comparison == Comparison.EQUAL && tokens.take('=')) {
      // "= \approx 5" and "==" say it twice
    }
    return comparison;
  }

  private Expression set() throws UnreadableException {
    Expression left = terms.sum();
    for (int length = 0; ; length++) {
      SetOperator operator;
      if (tokens.take('∪') || terms.takesUnionLetter(left)) {
        operator = SetOperator.UNION;
      } else if (tokens.take('∩')) {
        operator = SetOperator.INTERSECTION;
      } else if (tokens.take('∖')) {
        operator = SetOperator.DIFFERENCE;
      } else {
        return left;
      }
      if (length >= LONGEST_CHAIN) {
        throw new UnreadableException("a union of too many sets");
      }
      left = new SetOperation(operator, left, terms.sum());
    }
  }

  /** What stands in brackets; the opening one is next. */
  Expression group() throws UnreadableException {
    tokens.enter();
    char open = opening(tokens.next());
    TermParser.Bars outer = terms.enterBrackets(open);
    Expression result;
    if (open == '{' && tokens.take('⦄')) {
      result = new Group('{', '}', List.of());
    } else {
      Expression inner = listing();
      if (open == '{' && (tokens.take('|') || tokens.take(':'))) {
        terms.enterBrackets('(');
        result = new SetBuilder(inner, listing());
        tokens.expect('⦄');
      } else {
        result = closed(open, inner);
      }
    }
    terms.leaveBrackets(outer);
    tokens.leave();
    return result;
  }

  /** Backward brackets, {@code ]1, 2[}, are the French for round ones. */
  private static char opening(Token token) {
    return switch (token.text()) {
      case "⦃" -> '{';
      case "]", "langle" -> '(';
      default -> token.text().charAt(0);
    };
  }

  private Expression closed(char open, Expression inner) throws UnreadableException {
    Token token = tokens.peek();
    char close;
    if (token.is(')') || token.isCommand("rangle")) {
      close = ')';
    } else if (token.is(']')) {
      close = ']';
    } else if (token.is('[')) {
      close = ')';
    } else if (token.is('⦄')) {
      close = '}';
    } else {
      throw tokens.unexpected("a closing bracket");
    }
    tokens.next();
    if ((open == '{') != (close == '}')) {
      throw new UnreadableException("'" + open + "' is closed by '" + close + "'");
    }
    if (inner instanceof Listing listing && listing.connective() == Connective.COMMA) {
      return new Group(open, close, listing.items());
    }
    if (open == '{') {
      return new Group(
          '{', '}', inner instanceof Listing listing ? listing.items() : List.of(inner));
    }
    if ((open == '(') != (close == ')')) {
      throw new UnreadableException("'" + open + "' is closed by '" + close + "'");
    }
    return inner;
  }
}
