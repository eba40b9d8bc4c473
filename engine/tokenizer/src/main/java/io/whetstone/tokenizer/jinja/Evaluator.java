package io.whetstone.tokenizer.jinja;

import io.whetstone.tokenizer.jinja.Callable.Passed;
import io.whetstone.tokenizer.jinja.Expression.Arguments;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Evaluates expressions as Jinja does on Python's values. */
final class Evaluator {
  private final Budget budget;
  private long steps;

  Evaluator(Budget budget) {
    this.budget = budget;
  }

  /** Counts a step of work. */
  void step(int line) {
    if (++steps > budget.steps()) {
      throw new TemplateException(
          line,
          "rendering takes more than " + budget.steps() + " steps; is there an endless loop?");
    }
  }

  /** Holds a text to the budget. */
  void requireRoom(long characters, int line) {
    if (characters > budget.characters()) {
      throw new TemplateException(
          line, "the text grows beyond " + budget.characters() + " characters");
    }
  }

  Object evaluate(Expression expression, Scope scope) {
    step(0);
    return switch (expression) {
      case Expression.Literal literal -> literal.value();
      case Expression.Name name -> scope.get(name.name());
      case Expression.ListOf list -> all(list.items(), scope);
      case Expression.TupleOf tuple -> new Tuple(all(tuple.items(), scope));
      case Expression.DictOf dict -> dict(dict, scope);
      case Expression.Attribute a -> attribute(evaluate(a.of(), scope), a.name(), a.line());
      case Expression.Item i -> item(evaluate(i.of(), scope), evaluate(i.key(), scope), i.line());
      case Expression.Slice s ->
          Slices.slice(
              evaluate(s.of(), scope),
              optional(s.from(), scope),
              optional(s.to(), scope),
              optional(s.step(), scope),
              s.line());
      case Expression.Call call ->
          call(
              evaluate(call.callee(), scope),
              passed(call.arguments(), scope, call.line()),
              call.callee());
      case Expression.Filter f -> filter(f, evaluate(f.of(), scope), scope);
      case Expression.Test t ->
          Tests.holds(t.name(), evaluate(t.of(), scope), passed(t.arguments(), scope, t.line()));
      case Expression.Unary u -> unary(u, evaluate(u.of(), scope));
      case Expression.Binary b ->
          calculate(b.operator(), evaluate(b.left(), scope), evaluate(b.right(), scope), b.line());
      case Expression.And and -> {
        Object left = evaluate(and.left(), scope);
        yield Values.truth(left) ? evaluate(and.right(), scope) : left;
      }
      case Expression.Or or -> {
        Object left = evaluate(or.left(), scope);
        yield Values.truth(left) ? left : evaluate(or.right(), scope);
      }
      case Expression.Not not -> !Values.truth(evaluate(not.of(), scope));
      case Expression.Comparison comparison -> compare(comparison, scope);
      case Expression.Concatenation joined -> concatenate(joined, scope);
      case Expression.Conditional c ->
          Values.truth(evaluate(c.condition(), scope))
              ? evaluate(c.then(), scope)
              : c.otherwise() == null
                  ? new Undefined("the inline if has no else and its condition is false")
                  : evaluate(c.otherwise(), scope);
    };
  }

  Object filter(Expression.Filter filter, Object value, Scope scope) {
    return Filters.apply(
        this, filter.name(), value, passed(filter.arguments(), scope, filter.line()));
  }

  private Object optional(Expression expression, Scope scope) {
    return expression == null ? null : evaluate(expression, scope);
  }

  private List<Object> all(List<Expression> expressions, Scope scope) {
    List<Object> values = new ArrayList<>(expressions.size());
    for (Expression each : expressions) {
      values.add(evaluate(each, scope));
    }
    return values;
  }

  private Object dict(Expression.DictOf dict, Scope scope) {
    Map<Object, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < dict.keys().size(); i++) {
      map.put(evaluate(dict.keys().get(i), scope), evaluate(dict.values().get(i), scope));
    }
    return map;
  }

  Passed passed(Arguments arguments, Scope scope, int line) {
    List<Object> positional = new ArrayList<>(all(arguments.positional(), scope));
    if (arguments.more() != null) {
      positional.addAll(Values.items(evaluate(arguments.more(), scope), line));
    }
    Map<String, Object> named = new LinkedHashMap<>();
    for (int i = 0; i < arguments.names().size(); i++) {
      named.put(arguments.names().get(i), evaluate(arguments.named().get(i), scope));
    }
    if (arguments.moreNamed() != null) {
      if (!(evaluate(arguments.moreNamed(), scope) instanceof Map<?, ?> more)) {
        throw new TemplateException(line, "what follows ** is no dict");
      }
      more.forEach((key, value) -> named.put(Values.text(key), value));
    }
    return new Passed(positional, named, line);
  }

  Object call(Object callee, Passed passed, Expression written) {
    step(passed.line());
    if (callee instanceof Callable callable) {
      return callable.call(passed);
    }
    if (callee instanceof Loop loop && loop.recursion != null) {
      return loop.recursion.call(passed);
    }
    String what =
        switch (written) {
          case Expression.Name name -> name.name();
          case Expression.Attribute a -> a.name();
          default -> Values.type(callee);
        };
    throw new TemplateException(
        passed.line(), what + " is not a function or method that is known" + Values.reason(callee));
  }

  /** {@code of.name}: a method or attribute, else a dict's item. */
  Object attribute(Object of, String name, int line) {
    Object own = own(of, name, line);
    if (own != null) {
      return own;
    }
    if (of instanceof Map<?, ?> map && map.containsKey(name)) {
      return map.get(name);
    }
    return new Undefined("'" + Values.type(of) + " object' has no attribute '" + name + "'");
  }

  private Object own(Object of, String name, int line) {
    return switch (of) {
      case Undefined undefined -> throw new TemplateException(line, undefined.what());
      case Namespace namespace ->
          namespace.attributes.containsKey(name)
              ? namespace.attributes.get(name)
              : new Undefined("the namespace has no attribute '" + name + "'");
      case Loop loop -> loop.attribute(name);
      case ListFilters.Pair pair when name.equals("grouper") -> pair.get(0);
      case ListFilters.Pair pair when name.equals("list") -> pair.get(1);
      case Globals.Cycler cycler -> cycler.attribute(name);
      case null, default -> Methods.find(of, name);
    };
  }

  /** {@code of[key]}: an item, else an attribute. */
  Object item(Object of, Object key, int line) {
    if (of instanceof Undefined undefined) {
      throw new TemplateException(line, undefined.what());
    }
    if (of instanceof Map<?, ?> map && map.containsKey(key)) {
      return map.get(key);
    }
    if (Numbers.isInteger(key) && (of instanceof List || of instanceof String)) {
      long size = Values.length(of, line);
      long index = Numbers.big(key).longValue();
      long place = index < 0 ? index + size : index;
      if (place < 0 || place >= size) {
        return new Undefined(Values.type(of) + " has no element " + index);
      }
      return of instanceof List<?> list
          ? list.get((int) place)
          : Values.items(of, line).get((int) place);
    }
    if (key instanceof String name) {
      return attribute(of, name, line);
    }
    return new Undefined(Values.type(of) + " has no element " + Values.representation(key));
  }

  private Object unary(Expression.Unary unary, Object value) {
    if (!Numbers.isNumber(value)) {
      throw new TemplateException(
          unary.line(), unary.operator() + " before " + Values.type(value) + Values.reason(value));
    }
    Object zero = Numbers.isInteger(value) ? (Object) 0L : -0.0;
    return Numbers.calculate(unary.operator(), zero, value, unary.line());
  }

  /** {@code left operator right}. */
  Object calculate(String operator, Object left, Object right, int line) {
    if (Numbers.isNumber(left) && Numbers.isNumber(right)) {
      return Numbers.calculate(operator, left, right, line);
    }
    if (operator.equals("+") && left instanceof String a && right instanceof String b) {
      requireRoom((long) a.length() + b.length(), line);
      return a + b;
    }
    if (operator.equals("+")
        && left instanceof List<?> a
        && right instanceof List<?> b
        && left instanceof Tuple == right instanceof Tuple) {
      List<Object> both = new ArrayList<>(a);
      both.addAll(b);
      requireRoom(both.size(), line);
      return left instanceof Tuple ? new Tuple(both) : both;
    }
    if (operator.equals("*") && Numbers.isInteger(right)) {
      return repeat(left, right, line);
    }
    if (operator.equals("*") && Numbers.isInteger(left)) {
      return repeat(right, left, line);
    }
    if (operator.equals("%") && left instanceof String pattern) {
      return Strings.format(pattern, right instanceof Tuple values ? values : single(right), line);
    }
    throw new TemplateException(
        line,
        Values.type(left)
            + " "
            + operator
            + " "
            + Values.type(right)
            + " is not possible"
            + Values.reason(left, right));
  }

  private static List<Object> single(Object value) {
    List<Object> values = new ArrayList<>();
    values.add(value);
    return values;
  }

  private Object repeat(Object what, Object times, int line) {
    long count = Math.clamp(Numbers.big(times).longValue(), 0, 1 << 30);
    if (what instanceof String text) {
      requireRoom(count * text.length(), line);
      return text.repeat((int) count);
    }
    if (what instanceof List<?> list) {
      requireRoom(count * list.size(), line);
      List<Object> repeated = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        repeated.addAll(list);
      }
      return what instanceof Tuple ? new Tuple(repeated) : repeated;
    }
    throw new TemplateException(
        line, Values.type(what) + " cannot be repeated" + Values.reason(what));
  }

  private Object compare(Expression.Comparison comparison, Scope scope) {
    Object left = evaluate(comparison.first(), scope);
    for (int i = 0; i < comparison.operators().size(); i++) {
      Object right = evaluate(comparison.others().get(i), scope);
      if (!holds(comparison.operators().get(i), left, right, comparison.line())) {
        return false;
      }
      left = right;
    }
    return true;
  }

  private static boolean holds(String operator, Object left, Object right, int line) {
    return switch (operator) {
      case "==" -> Values.equal(left, right);
      case "!=" -> !Values.equal(left, right);
      case "in" -> Values.contains(right, left, line);
      case "not in" -> !Values.contains(right, left, line);
      case "<" -> Values.compare(left, right, line) < 0;
      case "<=" -> Values.compare(left, right, line) <= 0;
      case ">" -> Values.compare(left, right, line) > 0;
      default -> Values.compare(left, right, line) >= 0;
    };
  }

  private Object concatenate(Expression.Concatenation joined, Scope scope) {
    StringBuilder text = new StringBuilder();
    for (Expression part : joined.parts()) {
      text.append(Values.text(evaluate(part, scope)));
      requireRoom(text.length(), joined.line());
    }
    return text.toString();
  }
}
