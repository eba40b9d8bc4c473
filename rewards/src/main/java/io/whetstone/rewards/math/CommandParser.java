package io.whetstone.rewards.math;

import io.whetstone.rewards.math.Expression.Call;
import io.whetstone.rewards.math.Expression.Constant;
import io.whetstone.rewards.math.Expression.Group;
import io.whetstone.rewards.math.Expression.Listing;
import io.whetstone.rewards.math.Expression.Number;
import io.whetstone.rewards.math.Expression.NumberSet;
import io.whetstone.rewards.math.Expression.Power;
import io.whetstone.rewards.math.Expression.Symbol;
import io.whetstone.rewards.math.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Reads LaTeX's commands and the calls of functions, which plain text shares. */
final class CommandParser {

  private static final Set<String> FRACTIONS =
      Set.of("frac", "dfrac", "tfrac", "cfrac", "nicefrac", "sfrac");
  private static final Set<String> BINOMIALS = Set.of("binom", "dbinom", "tbinom");

  /** Commands that change how a letter looks; the letter is read. */
  private static final Set<String> LOOKS =
      Set.of(
          "mathbf",
          "boldsymbol",
          "mathit",
          "mathcal",
          "bm",
          "mathsf",
          "mathfrak",
          "mathscr",
          "vec",
          "hat",
          "widehat",
          "overrightarrow",
          "underline",
          "boxed",
          "fbox",
          "framebox",
          "tilde",
          "widetilde",
          "overline",
          "bar",
          "dot",
          "mathop",
          "pmb",
          "cancel");

  private static final Set<String> LETTERS =
      Set.of(
          "alpha",
          "beta",
          "gamma",
          "delta",
          "epsilon",
          "varepsilon",
          "zeta",
          "eta",
          "theta",
          "vartheta",
          "iota",
          "kappa",
          "lambda",
          "mu",
          "nu",
          "xi",
          "omicron",
          "rho",
          "varrho",
          "sigma",
          "tau",
          "upsilon",
          "phi",
          "varphi",
          "chi",
          "psi",
          "omega",
          "Gamma",
          "Delta",
          "Theta",
          "Lambda",
          "Xi",
          "Pi",
          "Sigma",
          "Upsilon",
          "Phi",
          "Psi",
          "Omega",
          "ell",
          "hbar",
          "prime",
          "nabla",
          "partial",
          "imath",
          "jmath");

  private static final Set<String> OTHERS =
      Set.of("sqrt", "pi", "mathbb", "Bbb", "begin", "lfloor", "lceil", "langle", "Re", "Im");

  private final TokenStream tokens;
  private final Parser parser;
  private final TermParser terms;
  private final AtomParser atoms;

  CommandParser(TokenStream tokens, Parser parser, TermParser terms, AtomParser atoms) {
    this.tokens = tokens;
    this.parser = parser;
    this.terms = terms;
    this.atoms = atoms;
  }

  static boolean isFraction(Token token) {
    return token.kind() == Kind.COMMAND && FRACTIONS.contains(token.text());
  }

  /** Whether the command begins a value. */
  boolean isFactor(String name) {
    return FRACTIONS.contains(name)
        || BINOMIALS.contains(name)
        || LOOKS.contains(name)
        || LETTERS.contains(name)
        || OTHERS.contains(name)
        || Operation.named(name) != null;
  }

  Expression command() throws UnreadableException {
    String name = tokens.peek().text();
    if (name.equals("langle")) {
      return parser.group();
    }
    tokens.next();
    if (FRACTIONS.contains(name)) {
      Expression numerator = atoms.argument();
      return Expression.quotient(numerator, atoms.argument());
    }
    if (BINOMIALS.contains(name)) {
      Expression above = atoms.argument();
      return new Call(Operation.BINOMIAL, List.of(above, atoms.argument()));
    }
    if (LETTERS.contains(name)) {
      return new Symbol(name);
    }
    if (LOOKS.contains(name)) {
      return look(name);
    }
    return switch (name) {
      case "pi" -> Constant.PI;
      case "sqrt" -> root();
      case "mathbb", "Bbb" -> numberSet();
      case "lfloor" -> enclosed(Operation.FLOOR, "rfloor");
      case "lceil" -> enclosed(Operation.CEILING, "rceil");
      case "begin" -> new Matrices(tokens, parser).environment();
      default -> {
        if (Operation.named(name) == null) {
          throw new UnreadableException("\\" + name + " is not known");
        }
        yield call(name);
      }
    };
  }

  private Expression look(String name) throws UnreadableException {
    Expression inner = atoms.argument();
    boolean conjugate = name.equals("bar") || name.equals("overline");
    return conjugate && inner instanceof Symbol symbol
        ? new Symbol(symbol.name() + "\u0304")
        : inner;
  }

  private Expression root() throws UnreadableException {
    if (!tokens.take('[')) {
      return new Call(Operation.SQRT, List.of(atoms.argument()));
    }
    TermParser.Bars outer = terms.enterBrackets('[');
    Expression degree = terms.sum();
    terms.leaveBrackets(outer);
    tokens.expect(']');
    return new Call(Operation.ROOT, List.of(atoms.argument(), degree));
  }

  private Expression numberSet() throws UnreadableException {
    boolean braces = tokens.take('{');
    String letter = tokens.next().text();
    if (braces) {
      tokens.expect('}');
    }
    if (!letter.matches("[RZNQC]")) {
      throw new UnreadableException("\\mathbb{" + letter + "} is not known");
    }
    return new NumberSet(letter);
  }

  private Expression enclosed(Operation operation, String end) throws UnreadableException {
    TermParser.Bars outer = terms.enterBrackets('(');
    Expression inner = terms.sum();
    terms.leaveBrackets(outer);
    if (!tokens.peek().isCommand(end)) {
      throw tokens.unexpected("\\" + end);
    }
    tokens.next();
    return new Call(operation, List.of(inner));
  }

  /** The call of a function, whose name has been taken. */
  Expression call(String name) throws UnreadableException {
    tokens.enter();
    Operation operation = Operation.named(name);
    Expression base = null;
    Expression power = null;
    while (tokens.peek().is('_') || tokens.peek().is('^')) {
      boolean below = tokens.next().is('_');
      Expression script = tokens.peek().is('-') ? terms.exponent() : atoms.argument();
      base = below ? script : base;
      power = below ? power : script;
    }
    if (name.equals("log") && base == null && isBaseNext()) {
      base = Number.of(Long.parseLong(tokens.next().text()));
    }
    if (power instanceof Number n
        && n.value().equals(Rational.MINUS_ONE)
        && operation.inverse() != null) {
      operation = operation.inverse();
      power = null;
    }
    List<Expression> arguments = arguments();
    if (operation == Operation.LOG && arguments.size() == 1) {
      arguments.add(base == null ? Number.of(10) : base);
    }
    if (operation.arity() >= 0 && operation.arity() != arguments.size()) {
      throw new UnreadableException(name + " of " + arguments.size() + " values");
    }
    if (operation.isTrigonometric()) { // sin 30°: here a degree is a number
      arguments.replaceAll(argument -> Rewriter.choose(argument, true));
    }
    Expression call = new Call(operation, List.copyOf(arguments));
    tokens.leave();
    return power == null ? call : new Power(call, power);
  }

  /** {@code log2(8)}. */
  private boolean isBaseNext() {
    Token token = tokens.peek();
    return token.kind() == Kind.NUMBER
        && !token.spaced()
        && token.text().matches("[0-9]{1,2}")
        && tokens.peekSecond().is('(');
  }

  private List<Expression> arguments() throws UnreadableException {
    Token token = tokens.peek();
    Expression inner;
    if (token.is('(') || token.is('[')) {
      inner = parser.group();
    } else if (token.is('{') || token.is('⦃')) {
      inner = token.is('{') ? atoms.braces() : parser.group();
    } else {
      inner = terms.bareArgument();
    }
    return switch (inner) {
      case Group group -> new ArrayList<>(group.items());
      case Listing listing -> new ArrayList<>(listing.items());
      default -> new ArrayList<>(List.of(inner));
    };
  }
}
