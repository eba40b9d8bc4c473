package io.whetstone.rewards.math;

import java.util.List;

/**
 * What an answer says, as a tree. Scalars are numbers and what is computed from them; the rest are
 * the shapes that answers come in.
 */
sealed interface Expression {

  /**
   * @param decimal whether it was written with a decimal point, and so may be rounded
   */
  record Number(Rational value, boolean decimal) implements Expression {
    static Number of(long value) {
      return new Number(Rational.of(value), false);
    }

    static Number of(Rational value) {
      return new Number(value, false);
    }
  }

  /** The constants with a name. */
  enum Constant implements Expression {
    PI,
    E,
    I,
    INFINITY
  }

  /** A variable; subscripts are part of the name: {@code x_1}. */
  record Symbol(String name) implements Expression {}

  record Sum(List<Expression> terms) implements Expression {}

  record Product(List<Expression> factors) implements Expression {}

  record Power(Expression base, Expression exponent) implements Expression {}

  record Call(Operation operation, List<Expression> arguments) implements Expression {}

  /**
   * {@code ±x}, or {@code ∓x}.
   *
   * @param upper whether the upper sign is plus
   */
  record PlusMinus(Expression operand, boolean upper) implements Expression {}

  /**
   * A notation that is read in two ways, either of which a gold answer may mean: {@code 50\%} is
   * 1/2 and, where percents are asked for, 50.
   */
  record Either(Expression strict, Expression loose) implements Expression {}

  /**
   * A value with a unit.
   *
   * @param product the same as a product, where the unit's letter may as well be a variable, or
   *     null
   */
  record Quantity(Expression value, Unit unit, Expression product) implements Expression {}

  /** Items in brackets: a point, an interval, or with {@code {}} a set. */
  record Group(char open, char close, List<Expression> items) implements Expression {
    boolean isSet() {
      return open == '{';
    }

    /** Two ends of which the brackets say that it can be nothing but an interval. */
    boolean isInterval() {
      return items.size() == 2 && !isSet() && !(open == '(' && close == ')');
    }
  }

  /** What joins the items of a list. */
  enum Connective {
    COMMA,
    AND,
    OR
  }

  /** Items without brackets around them. */
  record Listing(Connective connective, List<Expression> items) implements Expression {}

  /** How two sets are joined. */
  enum SetOperator {
    UNION,
    INTERSECTION,
    DIFFERENCE
  }

  record SetOperation(SetOperator operator, Expression left, Expression right)
      implements Expression {}

  /** ℕ, ℤ, ℚ, ℝ or ℂ, by its letter. */
  record NumberSet(String letter) implements Expression {}

  /** {@code {variable | condition}}. */
  record SetBuilder(Expression variable, Expression condition) implements Expression {}

  /** Rows of equal length, one or more. */
  record Matrix(List<List<Expression>> rows) implements Expression {}

  /** How two terms are related. */
  enum Comparison {
    EQUAL,
    UNEQUAL,
    LESS,
    LESS_OR_EQUAL,
    GREATER,
    GREATER_OR_EQUAL,
    ELEMENT;

    boolean isOrder() {
      return this == LESS || this == LESS_OR_EQUAL || isGreater();
    }

    boolean isGreater() {
      return this == GREATER || this == GREATER_OR_EQUAL;
    }

    boolean isStrict() {
      return this == LESS || this == GREATER;
    }

    /** The same relation with its sides exchanged. */
    Comparison reversed() {
      return switch (this) {
        case LESS -> GREATER;
        case LESS_OR_EQUAL -> GREATER_OR_EQUAL;
        case GREATER -> LESS;
        case GREATER_OR_EQUAL -> LESS_OR_EQUAL;
        default -> this;
      };
    }
  }

  /**
   * A chain: {@code 1 < x <= 2}.
   *
   * @param terms one more than comparisons
   */
  record Relation(List<Expression> terms, List<Comparison> comparisons) implements Expression {
    Expression first() {
      return terms.getFirst();
    }

    Expression last() {
      return terms.getLast();
    }

    boolean isEquation() {
      return comparisons.stream().allMatch(c -> c == Comparison.EQUAL);
    }
  }

  /** Words, in lower case, with single spaces and without punctuation at the ends. */
  record Text(String words) implements Expression {}

  static Expression sum(Expression... terms) {
    return new Sum(List.of(terms));
  }

  static Expression product(Expression... factors) {
    return new Product(List.of(factors));
  }

  static Expression negate(Expression operand) {
    return operand instanceof Number number
        ? new Number(number.value().negate(), number.decimal())
        : product(Number.of(-1), operand);
  }

  static Expression minus(Expression left, Expression right) {
    return sum(left, negate(right));
  }

  static Expression reciprocal(Expression operand) {
    return new Power(operand, Number.of(-1));
  }

  static Expression quotient(Expression numerator, Expression denominator) {
    return product(numerator, reciprocal(denominator));
  }
}
