package io.whetstone.rewards.math;

import io.whetstone.rewards.math.Expression.Call;
import io.whetstone.rewards.math.Expression.Either;
import io.whetstone.rewards.math.Expression.Group;
import io.whetstone.rewards.math.Expression.Listing;
import io.whetstone.rewards.math.Expression.Matrix;
import io.whetstone.rewards.math.Expression.PlusMinus;
import io.whetstone.rewards.math.Expression.Power;
import io.whetstone.rewards.math.Expression.Product;
import io.whetstone.rewards.math.Expression.Quantity;
import io.whetstone.rewards.math.Expression.Relation;
import io.whetstone.rewards.math.Expression.SetBuilder;
import io.whetstone.rewards.math.Expression.SetOperation;
import io.whetstone.rewards.math.Expression.Sum;
import io.whetstone.rewards.math.Expression.Symbol;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** Replaces parts of expressions. */
final class Rewriter {

  private Rewriter() {}

  /** The expression with each part, from the leaves up, replaced by what the change makes of it. */
  static Expression rewrite(Expression expression, UnaryOperator<Expression> change) {
    Expression changed =
        switch (expression) {
          case Sum sum -> new Sum(all(sum.terms(), change));
          case Product product -> new Product(all(product.factors(), change));
          case Power power ->
              new Power(rewrite(power.base(), change), rewrite(power.exponent(), change));
          case Call call -> new Call(call.operation(), all(call.arguments(), change));
          case PlusMinus plusMinus ->
              new PlusMinus(rewrite(plusMinus.operand(), change), plusMinus.upper());
          case Either either ->
              new Either(rewrite(either.strict(), change), rewrite(either.loose(), change));
          case Quantity quantity ->
              new Quantity(
                  rewrite(quantity.value(), change),
                  quantity.unit(),
                  quantity.product() == null ? null : rewrite(quantity.product(), change));
          case Group group -> new Group(group.open(), group.close(), all(group.items(), change));
          case Listing listing -> new Listing(listing.connective(), all(listing.items(), change));
          case SetOperation operation ->
              new SetOperation(
                  operation.operator(),
                  rewrite(operation.left(), change),
                  rewrite(operation.right(), change));
          case SetBuilder builder ->
              new SetBuilder(
                  rewrite(builder.variable(), change), rewrite(builder.condition(), change));
          case Matrix matrix ->
              new Matrix(matrix.rows().stream().map(row -> all(row, change)).toList());
          case Relation relation ->
              new Relation(all(relation.terms(), change), relation.comparisons());
          default -> expression;
        };
    return change.apply(changed);
  }

  private static List<Expression> all(List<Expression> parts, UnaryOperator<Expression> change) {
    // Loops here and below, not streams: deep expressions must fit a thread's small stack.
    List<Expression> changed = new ArrayList<>(parts.size());
    for (Expression part : parts) {
      changed.add(rewrite(part, change));
    }
    return List.copyOf(changed);
  }

  /** Whether the expression or a part of it is such. */
  static boolean contains(Expression expression, Predicate<Expression> test) {
    if (test.test(expression)) {
      return true;
    }
    for (Expression part : parts(expression)) {
      if (contains(part, test)) {
        return true;
      }
    }
    return false;
  }

  /** What the expression is directly made of. */
  static List<Expression> parts(Expression expression) {
    return switch (expression) {
      case Sum sum -> sum.terms();
      case Product product -> product.factors();
      case Power power -> List.of(power.base(), power.exponent());
      case Call call -> call.arguments();
      case PlusMinus plusMinus -> List.of(plusMinus.operand());
      case Either either -> List.of(either.strict(), either.loose());
      case Quantity quantity -> List.of(quantity.value());
      case Group group -> group.items();
      case Listing listing -> listing.items();
      case SetOperation operation -> List.of(operation.left(), operation.right());
      case SetBuilder builder -> List.of(builder.variable(), builder.condition());
      case Matrix matrix -> matrix.rows().stream().flatMap(List::stream).toList();
      case Relation relation -> relation.terms();
      default -> List.of();
    };
  }

  /** The expression with every notation of two readings read in one way. */
  static Expression choose(Expression expression, boolean strict) {
    return rewrite(
        expression,
        part -> part instanceof Either either ? strict ? either.strict() : either.loose() : part);
  }

  /** The expression with the upper, or the lower, sign of each ±. */
  static Expression sign(Expression expression, boolean upper) {
    return rewrite(
        expression,
        part ->
            part instanceof PlusMinus plusMinus
                ? plusMinus.upper() == upper
                    ? plusMinus.operand()
                    : Expression.negate(plusMinus.operand())
                : part);
  }

  static Expression substitute(Expression expression, Symbol variable, Expression value) {
    return rewrite(expression, part -> part.equals(variable) ? value : part);
  }
}
