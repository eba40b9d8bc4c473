package io.whetstone.rewards.math;

import io.whetstone.rewards.math.Expression.Comparison;
import io.whetstone.rewards.math.Expression.Connective;
import io.whetstone.rewards.math.Expression.Group;
import io.whetstone.rewards.math.Expression.Listing;
import io.whetstone.rewards.math.Expression.NumberSet;
import io.whetstone.rewards.math.Expression.Quantity;
import io.whetstone.rewards.math.Expression.Relation;
import io.whetstone.rewards.math.Expression.SetBuilder;
import io.whetstone.rewards.math.Expression.SetOperation;
import io.whetstone.rewards.math.Expression.Symbol;
import io.whetstone.rewards.math.Expression.Text;
import io.whetstone.rewards.math.RealSet.Bound;
import io.whetstone.rewards.math.RealSet.Span;
import java.util.List;
import java.util.Set;

/** Reads intervals, unions and inequalities in one variable as sets of real numbers. */
final class SetReader {

  private static final Set<String> NOTHING =
      Set.of(
          "nosolution",
          "nosolutions",
          "norealsolution",
          "norealsolutions",
          "none",
          "emptyset",
          "theemptyset",
          "nullset");
  private static final Set<String> EVERYTHING =
      Set.of("allrealnumbers", "allreals", "allrealx", "anyrealnumber", "realnumbers");

  private final Scalars scalars;

  SetReader(Scalars scalars) {
    this.scalars = scalars;
  }

  /** Whether the notation can mean nothing but a set of real numbers. */
  static boolean isSet(Expression expression) {
    return switch (expression) {
      case Group group -> group.isInterval() || group.isSet() && group.items().isEmpty();
      case SetOperation _, NumberSet _, SetBuilder _ -> true;
      case Relation relation -> !relation.isEquation();
      case Listing listing ->
          listing.items().stream().allMatch(item -> item instanceof Relation && isSet(item));
      case Text text -> NOTHING.contains(text.words()) || EVERYTHING.contains(text.words());
      default -> false;
    };
  }

  /** The set, or null where the expression is none that can be read. */
  RealSet read(Expression expression) {
    return switch (expression) {
      case Group group when group.isSet() -> points(group.items());
      case Group group -> group.items().size() == 2 ? interval(group) : null;
      case SetOperation operation -> operation(operation);
      case NumberSet set -> set.letter().equals("R") ? RealSet.ALL : null;
      case Relation relation -> relation(relation);
      case Listing listing -> listing(listing);
      case SetBuilder builder -> builder(builder);
      case Text text ->
          NOTHING.contains(text.words())
              ? RealSet.EMPTY
              : EVERYTHING.contains(text.words()) ? RealSet.ALL : null;
      default -> null;
    };
  }

  private Bound bound(Expression written) {
    Expression plain = written instanceof Quantity quantity ? quantity.value() : written;
    double value = scalars.value(plain);
    return Double.isNaN(value) ? null : new Bound(plain, value);
  }

  private RealSet points(List<Expression> items) {
    RealSet set = RealSet.EMPTY;
    for (Expression item : items) {
      Bound at = bound(item);
      if (at == null || Double.isInfinite(at.value()) || items.size() > 100) {
        return null;
      }
      set = set.union(RealSet.point(at));
    }
    return set;
  }

  private RealSet interval(Group group) {
    Bound low = bound(group.items().getFirst());
    Bound high = bound(group.items().getLast());
    if (low == null || high == null || low.compare(high) > 0) {
      return null;
    }
    return RealSet.of(new Span(low, group.open() == '(', high, group.close() == ')'));
  }

  private RealSet operation(SetOperation operation) {
    RealSet left = read(operation.left());
    RealSet right = read(operation.right());
    if (left == null || right == null) {
      return null;
    }
    return switch (operation.operator()) {
      case UNION -> left.union(right);
      case INTERSECTION -> left.intersection(right);
      case DIFFERENCE -> left.intersection(right.complement());
    };
  }

  private RealSet listing(Listing listing) {
    RealSet all = null;
    RealSet any = RealSet.EMPTY;
    for (Expression item : listing.items()) {
      RealSet set = item instanceof Relation relation ? relation(relation) : null;
      if (set == null || listing.items().size() > 100) {
        return null;
      }
      all = all == null ? set : all.intersection(set);
      any = any.union(set);
    }
    // With a comma between them, x < 1, x > 2 cannot mean both.
    boolean both =
        listing.connective() == Connective.AND
            || listing.connective() == Connective.COMMA && !all.spans().isEmpty();
    return both ? all : any;
  }

  private RealSet builder(SetBuilder builder) {
    RealSet condition = read(builder.condition());
    return condition != null && builder.variable() instanceof Relation domain
        ? combine(condition, relation(domain))
        : condition;
  }

  private static RealSet combine(RealSet left, RealSet right) {
    return right == null ? null : left.intersection(right);
  }

  private RealSet relation(Relation relation) {
    RealSet set = RealSet.ALL;
    Symbol variable = variable(relation);
    for (int i = 0; i < relation.comparisons().size() && variable != null && set != null; i++) {
      set =
          combine(
              set,
              pair(
                  relation.terms().get(i),
                  relation.comparisons().get(i),
                  relation.terms().get(i + 1),
                  variable));
    }
    return variable == null ? null : set;
  }

  /** The only variable of the chain, or null. */
  static Symbol variable(Expression expression) {
    Symbol[] found = new Symbol[1];
    boolean several =
        Rewriter.contains(
            expression,
            part -> {
              if (!(part instanceof Symbol symbol)) {
                return false;
              }
              boolean other = found[0] != null && !found[0].equals(symbol);
              found[0] = symbol;
              return other;
            });
    return several ? null : found[0];
  }

  private RealSet pair(Expression left, Comparison comparison, Expression right, Symbol variable) {
    if (comparison == Comparison.ELEMENT) {
      return left.equals(variable) ? read(right) : null;
    }
    if (left.equals(variable) && variable(right) == null) {
      return half(comparison, bound(right));
    }
    if (right.equals(variable) && variable(left) == null) {
      return half(comparison.reversed(), bound(left));
    }
    return linear(Expression.minus(left, right), comparison, variable);
  }

  /** {@code a·x + b ⋛ 0}. */
  private RealSet linear(Expression difference, Comparison comparison, Symbol variable) {
    Expression b = Rewriter.substitute(difference, variable, Expression.Number.of(0));
    Expression a =
        Expression.minus(Rewriter.substitute(difference, variable, Expression.Number.of(1)), b);
    Expression line = Expression.sum(Expression.product(a, variable), b);
    double slope = scalars.value(a);
    if (Double.isNaN(slope) || slope == 0 || !scalars.same(difference, line)) {
      return null;
    }
    Bound root = bound(Expression.negate(Expression.quotient(b, a)));
    return half(slope < 0 ? comparison.reversed() : comparison, root);
  }

  private static RealSet half(Comparison comparison, Bound at) {
    if (at == null) {
      return null;
    }
    return switch (comparison) {
      case EQUAL -> RealSet.point(at);
      case UNEQUAL -> RealSet.point(at).complement();
      case LESS, LESS_OR_EQUAL ->
          RealSet.of(new Span(Bound.LEAST, true, at, comparison.isStrict()));
      case GREATER, GREATER_OR_EQUAL ->
          RealSet.of(new Span(at, comparison.isStrict(), Bound.GREATEST, true));
      case ELEMENT -> null;
    };
  }
}
