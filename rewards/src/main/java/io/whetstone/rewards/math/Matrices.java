package io.whetstone.rewards.math;

import io.whetstone.rewards.math.Expression.Connective;
import io.whetstone.rewards.math.Expression.Listing;
import io.whetstone.rewards.math.Expression.Matrix;
import io.whetstone.rewards.math.Expression.Sum;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Reads {@code \begin{…}…\end{…}}: matrices, determinants, and lines of equations. */
final class Matrices {

  private static final Set<String> MATRICES =
      Set.of(
          "matrix", "pmatrix", "bmatrix", "Bmatrix", "smallmatrix", "array", "vmatrix", "Vmatrix");
  private static final Set<String> LINES =
      Set.of("aligned", "align", "align*", "cases", "gathered", "gather", "split", "equation");
  private static final int LARGEST_DETERMINANT = 4;

  private final TokenStream tokens;
  private final Parser parser;

  Matrices(TokenStream tokens, Parser parser) {
    this.tokens = tokens;
    this.parser = parser;
  }

  /** What stands in the environment; its {@code \begin} has been taken. */
  Expression environment() throws UnreadableException {
    tokens.enter();
    String name = name();
    Expression result;
    if (MATRICES.contains(name)) {
      if (name.equals("array") && tokens.peek().is('{')) {
        name(); // how the columns are aligned
      }
      Matrix matrix = matrix();
      result = name.equalsIgnoreCase("vmatrix") ? determinant(matrix) : matrix;
    } else if (LINES.contains(name)) {
      result = lines();
    } else {
      throw new UnreadableException("\\begin{" + name + "} is not known");
    }
    if (!tokens.peek().isCommand("end")) {
      throw tokens.unexpected("\\end{" + name + "}");
    }
    tokens.next();
    if (!name().equals(name)) {
      throw new UnreadableException("\\begin{" + name + "} ends as another environment");
    }
    tokens.leave();
    return result;
  }

  private String name() throws UnreadableException {
    StringBuilder name = new StringBuilder();
    tokens.expect('{');
    while (!tokens.take('}')) {
      if (tokens.isEnd()) {
        throw tokens.unexpected("'}'");
      }
      name.append(tokens.next().text());
    }
    return name.toString();
  }

  private Matrix matrix() throws UnreadableException {
    List<List<Expression>> rows = new ArrayList<>();
    do {
      if (tokens.peek().isCommand("end") && !rows.isEmpty()) {
        break; // after a last \\
      }
      List<Expression> row = new ArrayList<>();
      do {
        skipLine();
        row.add(parser.relation());
      } while (tokens.take('&'));
      if (!rows.isEmpty() && rows.getFirst().size() != row.size()) {
        throw new UnreadableException("a matrix with rows of different lengths");
      }
      rows.add(List.copyOf(row));
    } while (takesRowEnd());
    return new Matrix(List.copyOf(rows));
  }

  private void skipLine() {
    if (tokens.peek().isCommand("hline")) {
      tokens.next();
    }
  }

  private boolean takesRowEnd() {
    boolean end = tokens.peek().isCommand("\\");
    if (end) {
      tokens.next();
    }
    return end;
  }

  private Expression lines() throws UnreadableException {
    tokens.dropUntil('&', "end");
    List<Expression> lines = new ArrayList<>();
    do {
      if (tokens.peek().isCommand("end") && !lines.isEmpty()) {
        break;
      }
      Expression line = parser.listing();
      if (line instanceof Listing listing) {
        lines.addAll(listing.items());
      } else {
        lines.add(line);
      }
    } while (takesRowEnd());
    return lines.size() == 1 ? lines.getFirst() : new Listing(Connective.COMMA, lines);
  }

  /**
   * The determinant, by expansion along the first row.
   *
   * @throws UnreadableException if the matrix is not square or larger than 4 × 4
   */
  static Expression determinant(Matrix matrix) throws UnreadableException {
    int size = matrix.rows().size();
    if (matrix.rows().getFirst().size() != size || size > LARGEST_DETERMINANT) {
      throw new UnreadableException("the determinant of what is not square, or too large");
    }
    return determinant(matrix.rows());
  }

  private static Expression determinant(List<List<Expression>> rows) {
    if (rows.size() == 1) {
      return rows.getFirst().getFirst();
    }
    List<Expression> terms = new ArrayList<>();
    for (int column = 0; column < rows.size(); column++) {
      List<List<Expression>> minor = new ArrayList<>();
      for (List<Expression> row : rows.subList(1, rows.size())) {
        List<Expression> rest = new ArrayList<>(row);
        rest.remove(column);
        minor.add(rest);
      }
      Expression term = Expression.product(rows.getFirst().get(column), determinant(minor));
      terms.add(column % 2 == 0 ? term : Expression.negate(term));
    }
    return new Sum(terms);
  }
}
