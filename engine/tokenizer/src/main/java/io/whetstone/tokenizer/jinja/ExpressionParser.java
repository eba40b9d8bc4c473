package io.whetstone.tokenizer.jinja;

import io.whetstone.tokenizer.jinja.Expression.Arguments;
import io.whetstone.tokenizer.jinja.Token.Kind;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Reads expressions with Jinja's precedence. */
final class ExpressionParser {
  private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
  private static final Set<String> ENDS_TEST = Set.of("else", "or", "and");

  private final Tokens tokens;

  ExpressionParser(Tokens tokens) {
    this.tokens = tokens;
  }

  /** One expression. */
  Expression expression() {
    tokens.enter();
    Expression value = or();
    while (tokens.skip("if")) {
      Expression condition = or();
      Expression otherwise = tokens.skip("else") ? expression() : null;
      value = new Expression.Conditional(condition, value, otherwise);
    }
    tokens.leave();
    return value;
  }

  /** One expression, or several with commas between them: a tuple. */
  Expression tuple() {
    Expression first = expression();
    return tokens.current().is(",") ? tuple(first) : first;
  }

  /** The items of a loop: {@code if} after them is the loop's filter. */
  Expression items() {
    Expression first = or();
    return tokens.current().is(",") ? tuple(first) : first;
  }

  private Expression tuple(Expression first) {
    List<Expression> items = new ArrayList<>(List.of(first));
    while (tokens.skip(",")) {
      if (endsTuple()) {
        break;
      }
      items.add(expression());
    }
    return new Expression.TupleOf(items);
  }

  private boolean endsTuple() {
    Token token = tokens.current();
    return token.is(")") || token.is(Kind.BLOCK_END) || token.is(Kind.VARIABLE_END);
  }

  private Expression or() {
    Expression left = and();
    while (tokens.skip("or")) {
      left = new Expression.Or(left, and());
    }
    return left;
  }

  private Expression and() {
    Expression left = not();
    while (tokens.skip("and")) {
      left = new Expression.And(left, not());
    }
    return left;
  }

  private Expression not() {
    if (!tokens.skip("not")) {
      return comparison();
    }
    tokens.enter();
    Expression negated = new Expression.Not(not());
    tokens.leave();
    return negated;
  }

  private Expression comparison() {
    int line = tokens.line();
    Expression first = sum();
    List<String> operators = new ArrayList<>();
    List<Expression> others = new ArrayList<>();
    while (true) {
      Token token = tokens.current();
      if (token.is(Kind.OPERATOR) && COMPARISONS.contains(token.text())) {
        operators.add(tokens.next().text());
      } else if (tokens.skip("in")) {
        operators.add("in");
      } else if (token.is("not") && tokens.following().is("in")) {
        tokens.next();
        tokens.next();
        operators.add("not in");
      } else {
        break;
      }
      others.add(sum());
    }
    return others.isEmpty() ? first : new Expression.Comparison(first, operators, others, line);
  }

  private Expression sum() {
    Expression left = concatenation();
    while (tokens.current().is("+") || tokens.current().is("-")) {
      Token operator = tokens.next();
      left = new Expression.Binary(operator.text(), left, concatenation(), operator.line());
    }
    return left;
  }

  private Expression concatenation() {
    int line = tokens.line();
    List<Expression> parts = new ArrayList<>(List.of(product()));
    while (tokens.skip("~")) {
      parts.add(product());
    }
    return parts.size() == 1 ? parts.getFirst() : new Expression.Concatenation(parts, line);
  }

  private Expression product() {
    Expression left = power();
    while (tokens.current().is("*")
        || tokens.current().is("/")
        || tokens.current().is("//")
        || tokens.current().is("%")) {
      Token operator = tokens.next();
      left = new Expression.Binary(operator.text(), left, power(), operator.line());
    }
    return left;
  }

  private Expression power() {
    Expression left = unary(true);
    while (tokens.current().is("**")) {
      int line = tokens.next().line();
      left = new Expression.Binary("**", left, unary(true), line);
    }
    return left;
  }

  private Expression unary(boolean filtered) {
    Token token = tokens.current();
    Expression value;
    if (token.is("-") || token.is("+")) {
      tokens.enter();
      tokens.next();
      value = new Expression.Unary(token.text(), unary(false), token.line());
      tokens.leave();
    } else {
      value = postfix(primary());
    }
    return filtered ? filtered(value) : value;
  }

  private Expression primary() {
    Token token = tokens.next();
    return switch (token.kind()) {
      case NAME ->
          switch (token.text()) {
            case "true", "True" -> new Expression.Literal(true);
            case "false", "False" -> new Expression.Literal(false);
            case "none", "None" -> new Expression.Literal(null);
            default -> new Expression.Name(token.text(), token.line());
          };
      case STRING -> strings(token);
      case INTEGER -> new Expression.Literal(integer(token.text()));
      case FLOAT -> new Expression.Literal(Double.parseDouble(token.text().replace("_", "")));
      case OPERATOR ->
          switch (token.text()) {
            case "(" -> parenthesised();
            case "[" -> new Expression.ListOf(until("]"));
            case "{" -> dict(token.line());
            default -> throw noExpression(token);
          };
      default -> throw noExpression(token);
    };
  }

  private static TemplateException noExpression(Token token) {
    return new TemplateException(token.line(), "got " + token + ", expected an expression");
  }

  /** Neighbouring literals are one string. */
  private Expression strings(Token first) {
    StringBuilder text = new StringBuilder(first.text());
    while (tokens.current().is(Kind.STRING)) {
      text.append(tokens.next().text());
    }
    return new Expression.Literal(text.toString());
  }

  private static Object integer(String written) {
    String digits = written.replace("_", "").toLowerCase();
    int radix =
        digits.startsWith("0x")
            ? 16
            : digits.startsWith("0o") ? 8 : digits.startsWith("0b") ? 2 : 10;
    return Numbers.narrow(new BigInteger(radix == 10 ? digits : digits.substring(2), radix));
  }

  private Expression parenthesised() {
    if (tokens.skip(")")) {
      return new Expression.TupleOf(List.of());
    }
    Expression inner = tuple();
    tokens.expect(")");
    return inner;
  }

  private List<Expression> until(String closing) {
    List<Expression> items = new ArrayList<>();
    while (!tokens.skip(closing)) {
      items.add(expression());
      if (!tokens.current().is(closing)) {
        tokens.expect(",");
      }
    }
    return items;
  }

  private Expression dict(int line) {
    List<Expression> keys = new ArrayList<>();
    List<Expression> values = new ArrayList<>();
    while (!tokens.skip("}")) {
      keys.add(expression());
      tokens.expect(":");
      values.add(expression());
      if (!tokens.current().is("}")) {
        tokens.expect(",");
      }
    }
    return new Expression.DictOf(keys, values, line);
  }

  private Expression postfix(Expression value) {
    Expression result = value;
    while (true) {
      Token token = tokens.current();
      if (token.is(".")) {
        tokens.next();
        result = member(result, token.line());
      } else if (token.is("[")) {
        tokens.next();
        result = subscript(result, token.line());
      } else if (token.is("(")) {
        result = new Expression.Call(result, arguments(), token.line());
      } else {
        return result;
      }
    }
  }

  private Expression member(Expression of, int line) {
    if (tokens.current().is(Kind.INTEGER)) {
      return new Expression.Item(of, new Expression.Literal(integer(tokens.next().text())), line);
    }
    return new Expression.Attribute(of, tokens.name("an attribute's name"), line);
  }

  private Expression subscript(Expression of, int line) {
    Expression from = tokens.current().is(":") ? null : expression();
    if (!tokens.skip(":")) {
      tokens.expect("]");
      return new Expression.Item(of, from, line);
    }
    Expression to = part();
    Expression step = tokens.skip(":") ? part() : null;
    tokens.expect("]");
    return new Expression.Slice(of, from, to, step, line);
  }

  private Expression part() {
    return tokens.current().is(":") || tokens.current().is("]") ? null : expression();
  }

  /** Filters, tests and further calls behind a value. */
  private Expression filtered(Expression value) {
    Expression result = value;
    while (true) {
      Token token = tokens.current();
      if (token.is("|")) {
        result = filter(result);
      } else if (token.is("is")) {
        result = test(result);
      } else if (token.is("(")) {
        result = new Expression.Call(result, arguments(), token.line());
      } else {
        return result;
      }
    }
  }

  /** {@code | name(arguments)}. */
  Expression.Filter filter(Expression of) {
    tokens.expect("|");
    return filterNamed(of);
  }

  /** {@code name(arguments)}, behind {@code |} or {@code {% filter}. */
  Expression.Filter filterNamed(Expression of) {
    int line = tokens.line();
    String name = dotted("a filter's name");
    Filters.require(name, line);
    Arguments arguments = tokens.current().is("(") ? arguments() : Arguments.NONE;
    return new Expression.Filter(of, name, arguments, line);
  }

  private Expression test(Expression of) {
    int line = tokens.line();
    tokens.expect("is");
    boolean negated = tokens.skip("not");
    String name = dotted("a test's name");
    Tests.require(name, line);
    Arguments arguments = Arguments.NONE;
    if (tokens.current().is("(")) {
      arguments = arguments();
    } else if (beginsOperand(tokens.current())) {
      Expression operand = postfix(primary());
      arguments = new Arguments(List.of(operand), List.of(), List.of(), null, null);
    }
    Expression test = new Expression.Test(of, name, arguments, line);
    return negated ? new Expression.Not(test) : test;
  }

  private static boolean beginsOperand(Token token) {
    return switch (token.kind()) {
      case NAME ->
          !ENDS_TEST.contains(token.text())
              && !token.is("is")
              && !token.is("if")
              && !token.is("not")
              && !token.is("in");
      case STRING, INTEGER, FLOAT -> true;
      case OPERATOR -> token.is("[") || token.is("{");
      default -> false;
    };
  }

  private String dotted(String what) {
    StringBuilder name = new StringBuilder(tokens.name(what));
    while (tokens.skip(".")) {
      name.append('.').append(tokens.name(what));
    }
    return name.toString();
  }

  /** {@code (a, b, name=c, *list, **dict)}. */
  Arguments arguments() {
    tokens.expect("(");
    List<Expression> positional = new ArrayList<>();
    List<String> names = new ArrayList<>();
    List<Expression> named = new ArrayList<>();
    Expression more = null;
    Expression moreNamed = null;
    while (!tokens.skip(")")) {
      if (tokens.skip("*")) {
        more = expression();
      } else if (tokens.skip("**")) {
        moreNamed = expression();
      } else if (tokens.current().is(Kind.NAME) && tokens.following().is("=")) {
        names.add(tokens.next().text());
        tokens.expect("=");
        named.add(expression());
      } else if (!names.isEmpty()) {
        throw tokens.unexpected("name=value: an argument without a name follows one with a name");
      } else {
        positional.add(expression());
      }
      if (!tokens.current().is(")")) {
        tokens.expect(",");
      }
    }
    return new Arguments(positional, names, named, more, moreNamed);
  }
}
