package io.whetstone.rewards.math;

import io.whetstone.rewards.math.Expression.Call;
import io.whetstone.rewards.math.Expression.Comparison;
import io.whetstone.rewards.math.Expression.Group;
import io.whetstone.rewards.math.Expression.Number;
import io.whetstone.rewards.math.Expression.Power;
import io.whetstone.rewards.math.Expression.Product;
import io.whetstone.rewards.math.Expression.Quantity;
import io.whetstone.rewards.math.Expression.Relation;
import io.whetstone.rewards.math.Expression.Sum;
import io.whetstone.rewards.math.Expression.Symbol;
import io.whetstone.rewards.math.Expression.Text;
import java.util.List;
import java.util.function.BiPredicate;

/** Compares equations and inequalities, and finds the value that an equation gives to a name. */
final class Relations {

  private final Budget budget;

  Relations(Budget budget) {
    this.budget = budget;
  }

  /**
   * What is named by an equation: {@code x = 1 + 1 = 2} gives 2, {@code 5 = x} gives 5, {@code x ∈
   * S} gives S; the relation itself where it names nothing.
   *
   * @param lenient whether the left side may be any formula, if the right is a number: who answers
   *     {@code 2 + 3 = 5} answers 5
   */
  static Expression value(Relation relation, boolean lenient) {
    if (relation.comparisons().getLast() == Comparison.ELEMENT) {
      return isName(relation.first()) ? relation.last() : relation;
    }
    if (!relation.isEquation()) {
      return relation;
    }
    if (isName(relation.first())) {
      return relation.last();
    }
    if (isName(relation.last())) {
      return relation.first();
    }
    boolean number = !Rewriter.contains(relation.last(), part -> part instanceof Symbol);
    return lenient && number ? relation.last() : relation;
  }

  /** What an equation gives a value to, or null. */
  static Expression label(Expression expression) {
    if (!(expression instanceof Relation relation) || !relation.isEquation()) {
      return null;
    }
    if (isName(relation.first())) {
      return relation.first();
    }
    return isName(relation.last()) ? relation.last() : null;
  }

  /** {@code x}, {@code f(2)}, {@code x + y}, {@code (x, y)}, {@code P(X = 1)}, words. */
  private static boolean isName(Expression expression) {
    return switch (expression) {
      case Symbol _, Text _ -> true;
      case Sum sum -> sum.terms().stream().allMatch(Relations::isName);
      case Product product ->
          isName(product.factors().getFirst())
              && product.factors().stream().allMatch(Relations::isNameOrArgument);
      case Power power -> isName(power.base()) && power.exponent().equals(Number.of(-1));
      case Group group -> group.items().stream().allMatch(Relations::isName);
      case Call call -> call.operation() == Operation.ABS && isName(call.arguments().getFirst());
      case Quantity quantity -> isName(quantity.value());
      default -> false;
    };
  }

  private static boolean isNameOrArgument(Expression factor) {
    return isName(factor)
        || factor instanceof Number
        || factor instanceof Group
        || factor instanceof Relation;
  }

  /** Whether two relations say the same of the same variables. */
  boolean same(Relation left, Relation right, BiPredicate<Expression, Expression> same) {
    Relation a = ascending(left);
    Relation b = ascending(right);
    if (a.comparisons().equals(b.comparisons()) && pairwise(a.terms(), b.terms(), same)) {
      return true;
    }
    boolean symmetric =
        a.comparisons().equals(b.comparisons())
            && a.comparisons().stream()
                .allMatch(c -> c == Comparison.EQUAL || c == Comparison.UNEQUAL);
    if (symmetric && pairwise(a.terms(), b.terms().reversed(), same)) {
      return true;
    }
    return a.comparisons().size() == 1 && b.comparisons().size() == 1 && isProportional(a, b);
  }

  private static boolean pairwise(
      List<Expression> left, List<Expression> right, BiPredicate<Expression, Expression> same) {
    for (int i = 0; i < left.size(); i++) {
      if (!same.test(left.get(i), right.get(i))) {
        return false;
      }
    }
    return true;
  }

  /** The same chain with its lesser terms first. */
  private static Relation ascending(Relation relation) {
    if (!relation.comparisons().getFirst().isGreater()) {
      return relation;
    }
    return new Relation(
        relation.terms().reversed(),
        relation.comparisons().reversed().stream().map(Comparison::reversed).toList());
  }

  /** {@code l − r} of one is that of the other times a number, positive if order matters. */
  private boolean isProportional(Relation left, Relation right) {
    Comparison comparison = left.comparisons().getFirst();
    Comparison other = right.comparisons().getFirst();
    boolean exact = comparison == other && comparison != Comparison.ELEMENT;
    if (!exact) {
      return false;
    }
    try {
      Algebra algebra = new Algebra(budget);
      RationalFunction a = algebra.expand(Expression.minus(left.first(), left.last()));
      RationalFunction b = algebra.expand(Expression.minus(right.first(), right.last()));
      if (a.numerator().isZero() || b.numerator().isZero()) {
        return false;
      }
      Rational ratio = algebra.ratio(a, b);
      return ratio != null && (!comparison.isOrder() || ratio.signum() > 0);
    } catch (Polynomial.TooLarge | ArithmeticException | IllegalArgumentException e) {
      return false;
    }
  }
}
