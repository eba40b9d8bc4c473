package io.whetstone.rewards.math;

import io.whetstone.rewards.math.Expression.Matrix;
import io.whetstone.rewards.math.Expression.Power;
import io.whetstone.rewards.math.Expression.Product;
import io.whetstone.rewards.math.Expression.Symbol;
import java.util.ArrayList;
import java.util.List;

/** Works out what is done to whole matrices: a scalar in front, a transposition. */
final class Shapes {

  private Shapes() {}

  static Expression simplify(Expression expression) {
    return Rewriter.contains(expression, part -> part instanceof Matrix)
        ? Rewriter.rewrite(expression, Shapes::simplifyMatrix)
        : expression;
  }

  private static Expression simplifyMatrix(Expression part) {
    return switch (part) {
      case Product product -> scaled(product);
      case Power power
          when power.base() instanceof Matrix matrix
              && power.exponent() instanceof Symbol symbol
              && symbol.name().equals("T") ->
          transposed(matrix);
      default -> part;
    };
  }

  private static Expression scaled(Product product) {
    List<Expression> factors = new ArrayList<>(product.factors());
    List<Matrix> matrices =
        factors.stream().filter(f -> f instanceof Matrix).map(f -> (Matrix) f).toList();
    if (matrices.size() != 1) {
      return product;
    }
    factors.remove(matrices.getFirst());
    return new Matrix(
        matrices.getFirst().rows().stream()
            .map(row -> row.stream().map(cell -> times(factors, cell)).toList())
            .toList());
  }

  private static Expression times(List<Expression> factors, Expression cell) {
    List<Expression> all = new ArrayList<>(factors);
    all.add(cell);
    return new Product(all);
  }

  private static Expression transposed(Matrix matrix) {
    List<List<Expression>> rows = new ArrayList<>();
    for (int column = 0; column < matrix.rows().getFirst().size(); column++) {
      int from = column;
      rows.add(matrix.rows().stream().map(row -> row.get(from)).toList());
    }
    return new Matrix(rows);
  }
}
