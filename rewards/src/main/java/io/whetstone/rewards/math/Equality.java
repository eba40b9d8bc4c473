package io.whetstone.rewards.math;

import io.whetstone.rewards.math.Expression.Comparison;
import io.whetstone.rewards.math.Expression.Connective;
import io.whetstone.rewards.math.Expression.Group;
import io.whetstone.rewards.math.Expression.Listing;
import io.whetstone.rewards.math.Expression.Matrix;
import io.whetstone.rewards.math.Expression.Number;
import io.whetstone.rewards.math.Expression.NumberSet;
import io.whetstone.rewards.math.Expression.PlusMinus;
import io.whetstone.rewards.math.Expression.Quantity;
import io.whetstone.rewards.math.Expression.Relation;
import io.whetstone.rewards.math.Expression.Symbol;
import io.whetstone.rewards.math.Expression.Text;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Decides whether a completion's answer is the gold one, whatever shape the two have.
 *
 * <p>Not symmetric: the gold answer says what is asked for. Where it is a point, order counts in
 * the answer; where it is a list or a set, it does not.
 */
final class Equality {

  private final Budget budget;
  private final Scalars scalars;
  private final SetReader sets;
  private final Relations relations;

  /**
   * @param decimals to how many decimals numbers with a decimal point must agree
   */
  Equality(int decimals, Budget budget) {
    this.budget = budget;
    this.scalars = new Scalars(decimals, budget);
    this.sets = new SetReader(scalars);
    this.relations = new Relations(budget);
  }

  /**
   * @throws Budget.Exhausted if it could not be decided within the budget
   */
  boolean same(Expression gold, Expression answer) {
    Expression a = Shapes.simplify(gold);
    Expression b = Shapes.simplify(answer);
    if (matches(a, b)) {
      return true;
    }
    // Variables may be written in either case, as long as that makes no two of them one.
    Expression lowerA = lower(a);
    Expression lowerB = lower(b);
    return lowerA != null
        && lowerB != null
        && !(lowerA.equals(a) && lowerB.equals(b))
        && matches(lowerA, lowerB);
  }

  private static Expression lower(Expression expression) {
    Set<String> names = new HashSet<>();
    Set<String> lower = new HashSet<>();
    Expression result =
        Rewriter.rewrite(
            expression,
            part -> {
              if (!(part instanceof Symbol symbol)) {
                return part;
              }
              names.add(symbol.name());
              String name = symbol.name().toLowerCase(Locale.ROOT);
              lower.add(name);
              return new Symbol(name);
            });
    return names.size() == lower.size() ? result : null;
  }

  private boolean matches(Expression gold, Expression answer) {
    budget.spend(2);
    if (gold.equals(answer)) {
      return true;
    }
    Expression a = spread(gold);
    Expression b = spread(answer);
    if (a instanceof Relation || b instanceof Relation) {
      return matchesRelation(a, b);
    }
    if (a instanceof Quantity || b instanceof Quantity) {
      return matchesQuantity(a, b);
    }
    if (SetReader.isSet(a) || SetReader.isSet(b)) {
      Boolean same = sameSets(a, b);
      if (same != null) {
        return same;
      }
    }
    if (a instanceof Text || b instanceof Text) {
      return words(a).equals(words(b));
    }
    if (a instanceof Matrix || b instanceof Matrix) {
      return matchesMatrix(a, b);
    }
    if (items(a) != null || items(b) != null) {
      return matchesItems(a, b);
    }
    if (a instanceof NumberSet || b instanceof NumberSet) {
      return false;
    }
    return scalars.same(a, b);
  }

  /** ± as the two values it stands for; a list less its "k ∈ ℤ" at the end. */
  private static Expression spread(Expression expression) {
    if (expression instanceof Listing listing
        && listing.items().size() == 2
        && listing.items().getLast() instanceof Relation domain
        && domain.comparisons().getLast() == Comparison.ELEMENT
        && domain.last() instanceof NumberSet) {
      return spread(listing.items().getFirst());
    }
    if (!Rewriter.contains(expression, part -> part instanceof PlusMinus)) {
      return expression;
    }
    if (expression instanceof Listing listing) {
      List<Expression> items = new ArrayList<>();
      for (Expression item : listing.items()) {
        items.addAll(
            spread(item) instanceof Listing both && both.connective() == Connective.OR
                ? both.items()
                : List.of(item));
      }
      return new Listing(Connective.OR, items);
    }
    return new Listing(
        Connective.OR, List.of(Rewriter.sign(expression, true), Rewriter.sign(expression, false)));
  }

  private boolean matchesRelation(Expression gold, Expression answer) {
    if (gold instanceof Relation a && answer instanceof Relation b) {
      if (relations.same(a, b, this::matches)) {
        return true;
      }
      Expression nameA = Relations.label(a);
      Expression nameB = Relations.label(b);
      if (nameA != null && nameB != null) {
        return matches(nameA, nameB)
            && matches(Relations.value(a, false), Relations.value(b, false));
      }
      if (!a.isEquation() && !b.isEquation()) {
        Symbol variable = SetReader.variable(a);
        boolean one = variable != null && variable.equals(SetReader.variable(b));
        return one && Boolean.TRUE.equals(sameSets(a, b));
      }
      return false;
    }
    Expression a = gold instanceof Relation relation ? Relations.value(relation, false) : gold;
    Expression b = answer instanceof Relation relation ? Relations.value(relation, true) : answer;
    if (a != gold || b != answer) {
      return matches(a, b);
    }
    if (items(a) instanceof List<Expression> one && one.size() == 1
        || items(b) instanceof List<Expression> other && other.size() == 1) {
      return matchesItems(a, b);
    }
    return Boolean.TRUE.equals(sameSets(a, b));
  }

  /** Null where one is no set that can be read. */
  private Boolean sameSets(Expression gold, Expression answer) {
    RealSet a = sets.read(gold);
    RealSet b = a == null ? null : sets.read(answer);
    return b == null ? null : a.same(b, scalars::same);
  }

  private boolean matchesQuantity(Expression gold, Expression answer) {
    if (gold instanceof Quantity a && answer instanceof Quantity b) {
      if (!a.unit().isKnown() || !b.unit().isKnown()) {
        return matches(a.value(), b.value());
      }
      if (!a.unit().dimension().equals(b.unit().dimension())) {
        return false;
      }
      if (a.unit().factor().equals(b.unit().factor())) {
        return matches(a.value(), b.value());
      }
      return matches(
          Expression.product(a.value(), Number.of(a.unit().factor())),
          Expression.product(b.value(), Number.of(b.unit().factor())));
    }
    boolean left = gold instanceof Quantity;
    Quantity quantity = (Quantity) (left ? gold : answer);
    Expression plain = left ? answer : gold;
    return left && matches(quantity.value(), plain)
        || !left && matches(plain, quantity.value())
        || quantity.product() != null && matches(quantity.product(), plain);
  }

  private static String words(Expression expression) {
    return switch (expression) {
      case Text text -> text.words();
      case Symbol symbol -> symbol.name().toLowerCase(Locale.ROOT);
      case Expression.Constant constant -> constant.name().toLowerCase(Locale.ROOT);
      default -> "\u0000" + System.identityHashCode(expression);
    };
  }

  private boolean matchesMatrix(Expression gold, Expression answer) {
    if (gold instanceof Matrix a && answer instanceof Matrix b) {
      boolean sameShape =
          a.rows().size() == b.rows().size()
              && a.rows().getFirst().size() == b.rows().getFirst().size();
      return sameShape && inOrder(Rewriter.parts(a), Rewriter.parts(b));
    }
    Matrix matrix = (Matrix) (gold instanceof Matrix ? gold : answer);
    Expression other = gold instanceof Matrix ? answer : gold;
    boolean vector = matrix.rows().size() == 1 || matrix.rows().getFirst().size() == 1;
    if (vector && other instanceof Group group && !group.isSet()) {
      return gold == matrix
          ? inOrder(Rewriter.parts(matrix), group.items())
          : inOrder(group.items(), Rewriter.parts(matrix));
    }
    return matrix.rows().size() * matrix.rows().getFirst().size() == 1
        && scalars.same(matrix.rows().getFirst().getFirst(), other);
  }

  /** What a list, set or point holds; null for what is none. */
  private static List<Expression> items(Expression expression) {
    return switch (expression) {
      case Listing listing -> listing.items();
      case Group group -> group.items();
      default -> null;
    };
  }

  private boolean matchesItems(Expression gold, Expression answer) {
    List<Expression> a = items(gold) == null ? List.of(gold) : items(gold);
    List<Expression> b = items(answer) == null ? List.of(answer) : items(answer);
    if (a.size() <= 2 && brackets(gold, answer) == false) {
      return false;
    }
    boolean namedA = !a.isEmpty() && a.stream().allMatch(item -> Relations.label(item) != null);
    boolean namedB = !b.isEmpty() && b.stream().allMatch(item -> Relations.label(item) != null);
    if (namedA && namedB) {
      return inAnyOrder(a, b);
    }
    long names = a.stream().map(Relations::label).distinct().count();
    boolean ordered =
        gold instanceof Group group && !group.isSet()
            || namedA && a.size() > 1 && names == a.size();
    List<Expression> valuesA = values(a, false);
    List<Expression> valuesB = values(b, true);
    return ordered ? inOrder(valuesA, valuesB) : inAnyOrder(valuesA, valuesB);
  }

  private static List<Expression> values(List<Expression> items, boolean lenient) {
    return items.stream()
        .map(item -> item instanceof Relation r ? Relations.value(r, lenient) : item)
        .toList();
  }

  /** Whether the brackets of pairs agree: {@code [1, 2)} is no list, and not {@code (1, 2)}. */
  private static boolean brackets(Expression gold, Expression answer) {
    boolean intervalA = gold instanceof Group group && group.isInterval();
    boolean intervalB = answer instanceof Group group && group.isInterval();
    if (!intervalA && !intervalB) {
      return true;
    }
    return gold instanceof Group a
        && answer instanceof Group b
        && a.open() == b.open()
        && a.close() == b.close();
  }

  private boolean inOrder(List<Expression> gold, List<Expression> answer) {
    if (gold.size() != answer.size()) {
      return false;
    }
    for (int i = 0; i < gold.size(); i++) {
      if (!matches(gold.get(i), answer.get(i))) {
        return false;
      }
    }
    return true;
  }

  /** As sets: what occurs twice counts once. */
  private boolean inAnyOrder(List<Expression> gold, List<Expression> answer) {
    boolean[] met = new boolean[answer.size()];
    for (Expression item : gold) {
      boolean found = false;
      for (int i = 0; i < met.length; i++) {
        if (!(found && met[i]) && matches(item, answer.get(i))) {
          found = true;
          met[i] = true;
        }
      }
      if (!found) {
        return false;
      }
    }
    for (boolean each : met) {
      if (!each) {
        return false;
      }
    }
    return true;
  }
}
