package io.whetstone.tokenizer.jinja;

import java.util.List;

/** What has a value. Lines are kept where evaluation can fail. */
sealed interface Expression {
  record Literal(Object value) implements Expression {}

  record Name(String name, int line) implements Expression {}

  record ListOf(List<Expression> items) implements Expression {}

  record TupleOf(List<Expression> items) implements Expression {}

  record DictOf(List<Expression> keys, List<Expression> values, int line) implements Expression {}

  /** {@code of.name}: an attribute, else an item. */
  record Attribute(Expression of, String name, int line) implements Expression {}

  /** {@code of[key]}: an item, else an attribute. */
  record Item(Expression of, Expression key, int line) implements Expression {}

  /** {@code of[from:to:step]}; absent parts are null. */
  record Slice(Expression of, Expression from, Expression to, Expression step, int line)
      implements Expression {}

  record Call(Expression callee, Arguments arguments, int line) implements Expression {}

  record Filter(Expression of, String name, Arguments arguments, int line) implements Expression {}

  record Test(Expression of, String name, Arguments arguments, int line) implements Expression {}

  record Unary(String operator, Expression of, int line) implements Expression {}

  record Binary(String operator, Expression left, Expression right, int line)
      implements Expression {}

  record And(Expression left, Expression right) implements Expression {}

  record Or(Expression left, Expression right) implements Expression {}

  record Not(Expression of) implements Expression {}

  /** {@code a < b < c}: each operator stands between neighbours. */
  record Comparison(Expression first, List<String> operators, List<Expression> others, int line)
      implements Expression {}

  record Concatenation(List<Expression> parts, int line) implements Expression {}

  /** {@code then if condition else otherwise}; without else undefined. */
  record Conditional(Expression condition, Expression then, Expression otherwise)
      implements Expression {}

  /** Arguments as written; {@code *list} and {@code **dict} may be null. */
  record Arguments(
      List<Expression> positional,
      List<String> names,
      List<Expression> named,
      Expression more,
      Expression moreNamed) {
    static final Arguments NONE = new Arguments(List.of(), List.of(), List.of(), null, null);
  }
}
