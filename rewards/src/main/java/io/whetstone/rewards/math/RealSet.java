package io.whetstone.rewards.math;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.BiPredicate;

/**
 * A set of real numbers: spans in ascending order that neither overlap nor touch.
 *
 * <p>Ends are ordered by their values in double precision; whether two are the same is for the
 * expressions to say.
 */
record RealSet(List<Span> spans) {

  /** An end, with what it was written as. */
  record Bound(Expression written, double value) {
    static final Bound LEAST =
        new Bound(Expression.negate(Expression.Constant.INFINITY), Double.NEGATIVE_INFINITY);
    static final Bound GREATEST = new Bound(Expression.Constant.INFINITY, Double.POSITIVE_INFINITY);

    int compare(Bound that) {
      boolean finite = Double.isFinite(value) && Double.isFinite(that.value);
      double size = Math.max(Math.abs(value), Math.abs(that.value));
      return finite && Math.abs(value - that.value) <= 1e-12 * size
          ? 0
          : Double.compare(value, that.value);
    }
  }

  /** From low to high; infinite ends are open. */
  record Span(Bound low, boolean openLow, Bound high, boolean openHigh) {
    Span {
      openLow |= Double.isInfinite(low.value());
      openHigh |= Double.isInfinite(high.value());
    }

    boolean isEmpty() {
      int order = low.compare(high);
      return order > 0 || order == 0 && (openLow || openHigh);
    }

    Span intersect(Span that) {
      int lows = low.compare(that.low);
      int highs = high.compare(that.high);
      Bound from = lows >= 0 ? low : that.low;
      Bound to = highs <= 0 ? high : that.high;
      boolean openFrom = lows == 0 ? openLow || that.openLow : lows > 0 ? openLow : that.openLow;
      boolean openTo =
          highs == 0 ? openHigh || that.openHigh : highs < 0 ? openHigh : that.openHigh;
      return new Span(from, openFrom, to, openTo);
    }
  }

  static final RealSet EMPTY = new RealSet(List.of());
  static final RealSet ALL =
      new RealSet(List.of(new Span(Bound.LEAST, true, Bound.GREATEST, true)));

  static RealSet of(Span span) {
    return span.isEmpty() ? EMPTY : new RealSet(List.of(span));
  }

  static RealSet point(Bound at) {
    return of(new Span(at, false, at, false));
  }

  RealSet union(RealSet that) {
    List<Span> all = new ArrayList<>(spans);
    all.addAll(that.spans);
    all.sort(
        Comparator.comparingDouble((Span span) -> span.low().value()).thenComparing(Span::openLow));
    List<Span> merged = new ArrayList<>();
    for (Span span : all) {
      Span last = merged.isEmpty() ? null : merged.getLast();
      if (last == null || isApart(last, span)) {
        merged.add(span);
      } else {
        merged.set(merged.size() - 1, join(last, span));
      }
    }
    return new RealSet(List.copyOf(merged));
  }

  private static boolean isApart(Span left, Span right) {
    int order = left.high().compare(right.low());
    return order < 0 || order == 0 && left.openHigh() && right.openLow();
  }

  private static Span join(Span left, Span right) {
    int lows = left.low().compare(right.low());
    int highs = left.high().compare(right.high());
    boolean openLow = lows == 0 ? left.openLow() && right.openLow() : left.openLow();
    Bound high = highs >= 0 ? left.high() : right.high();
    boolean openHigh =
        highs == 0
            ? left.openHigh() && right.openHigh()
            : highs > 0 ? left.openHigh() : right.openHigh();
    return new Span(left.low(), openLow, high, openHigh);
  }

  RealSet intersection(RealSet that) {
    RealSet result = EMPTY;
    for (Span a : spans) {
      for (Span b : that.spans) {
        result = result.union(of(a.intersect(b)));
      }
    }
    return result;
  }

  RealSet complement() {
    RealSet result = ALL;
    for (Span span : spans) {
      RealSet below = of(new Span(Bound.LEAST, true, span.low(), !span.openLow()));
      RealSet above = of(new Span(span.high(), !span.openHigh(), Bound.GREATEST, true));
      result = result.intersection(below.union(above));
    }
    return result;
  }

  boolean same(RealSet that, BiPredicate<Expression, Expression> same) {
    if (spans.size() != that.spans.size()) {
      return false;
    }
    for (int i = 0; i < spans.size(); i++) {
      Span a = spans.get(i);
      Span b = that.spans.get(i);
      if (a.openLow() != b.openLow()
          || a.openHigh() != b.openHigh()
          || !same.test(a.low().written(), b.low().written())
          || !same.test(a.high().written(), b.high().written())) {
        return false;
      }
    }
    return true;
  }
}
