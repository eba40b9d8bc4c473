package io.whetstone.tokenizer.jinja;

import io.whetstone.tokenizer.jinja.Callable.Passed;
import io.whetstone.tokenizer.jinja.Node.Target;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Runs a template's statements and collects what they write. */
final class Interpreter {
  /** Macros that call themselves, and loops that do, go no deeper. */
  private static final int DEEPEST = 100;

  /** How a body ended. */
  private enum End {
    THROUGH,
    BREAK,
    CONTINUE
  }

  private final Evaluator evaluator;
  private final Generated generated;
  private StringBuilder out = new StringBuilder();
  private int depth;

  Interpreter(Evaluator evaluator, Generated generated) {
    this.evaluator = evaluator;
    this.generated = generated;
  }

  /** Hears where text marked as generated stands in the output. */
  interface Generated {
    void span(int from, int to);
  }

  String run(List<Node> nodes, Scope scope) {
    body(nodes, scope);
    return out.toString();
  }

  private End body(List<Node> nodes, Scope scope) {
    for (Node node : nodes) {
      evaluator.step(0);
      End end = run(node, scope);
      if (end != End.THROUGH) {
        return end;
      }
    }
    return End.THROUGH;
  }

  private End run(Node node, Scope scope) {
    switch (node) {
      case Node.Text text -> write(text.text(), text.line());
      case Node.Output output ->
          write(Values.text(evaluator.evaluate(output.value(), scope)), output.line());
      case Node.If branch -> {
        return branch(branch, scope);
      }
      case Node.For loop -> loop(loop, evaluator.evaluate(loop.items(), scope), scope, 0);
      case Node.Assign assign ->
          assign(assign.target(), evaluator.evaluate(assign.value(), scope), scope, assign.line());
      case Node.AssignBlock assign ->
          assign(
              assign.target(),
              filtered(
                  assign.filters(),
                  captured(assign.body(), new Scope(scope), assign.line()),
                  scope),
              scope,
              assign.line());
      case Node.Macro macro -> scope.set(macro.name(), macro(macro, scope));
      case Node.CallBlock block -> callBlock(block, scope);
      case Node.FilterBlock block ->
          write(
              Values.text(
                  filtered(
                      block.filters(),
                      captured(block.body(), new Scope(scope), block.line()),
                      scope)),
              block.line());
      case Node.With with -> with(with, scope);
      case Node.Generation marked -> {
        int from = out.length();
        End end = body(marked.body(), new Scope(scope));
        generated.span(from, out.length());
        return end;
      }
      case Node.Break _ -> {
        return End.BREAK;
      }
      case Node.Continue _ -> {
        return End.CONTINUE;
      }
    }
    return End.THROUGH;
  }

  private void write(String text, int line) {
    out.append(text);
    evaluator.requireRoom(out.length(), line);
  }

  private End branch(Node.If branch, Scope scope) {
    for (int i = 0; i < branch.conditions().size(); i++) {
      if (Values.truth(evaluator.evaluate(branch.conditions().get(i), scope))) {
        return body(branch.bodies().get(i), scope);
      }
    }
    return body(branch.otherwise(), scope);
  }

  private void loop(Node.For loop, Object value, Scope scope, int level) {
    List<Object> items = new ArrayList<>();
    for (Object item : Values.items(value, loop.line())) {
      if (loop.filter() == null || kept(loop, item, scope)) {
        items.add(item);
      }
    }
    Callable recursion =
        loop.recursive()
            ? passed ->
                captured(
                    () -> loop(loop, passed.required(0, "iterable"), scope, level + 1),
                    passed.line())
            : null;
    Loop state = new Loop(items, level, recursion);
    for (int i = 0; i < items.size(); i++) {
      evaluator.step(loop.line());
      state.at(i);
      Scope inner = new Scope(scope);
      inner.set("loop", state);
      assign(loop.target(), items.get(i), inner, loop.line());
      if (body(loop.body(), inner) == End.BREAK) {
        break;
      }
    }
    if (items.isEmpty()) {
      body(loop.otherwise(), new Scope(scope));
    }
  }

  private boolean kept(Node.For loop, Object item, Scope scope) {
    Scope inner = new Scope(scope);
    assign(loop.target(), item, inner, loop.line());
    return Values.truth(evaluator.evaluate(loop.filter(), inner));
  }

  private void assign(Target target, Object value, Scope scope, int line) {
    switch (target) {
      case Target.Variable variable -> scope.set(variable.name(), value);
      case Target.Member member -> {
        if (!(scope.get(member.namespace()) instanceof Namespace namespace)) {
          throw new TemplateException(
              line, member.namespace() + " is no namespace: only those can be assigned to");
        }
        namespace.attributes.put(member.name(), value);
      }
      case Target.Several several -> {
        List<Object> values = Values.items(value, line);
        if (values.size() != several.targets().size()) {
          throw new TemplateException(
              line, values.size() + " values for " + several.targets().size() + " variables");
        }
        for (int i = 0; i < values.size(); i++) {
          assign(several.targets().get(i), values.get(i), scope, line);
        }
      }
    }
  }

  private String captured(List<Node> nodes, Scope scope, int line) {
    return captured(() -> body(nodes, scope), line);
  }

  private String captured(Runnable work, int line) {
    if (++depth > DEEPEST) {
      throw new TemplateException(line, "macros or loops call themselves deeper than " + DEEPEST);
    }
    StringBuilder before = out;
    out = new StringBuilder();
    try {
      work.run();
      return out.toString();
    } finally {
      out = before;
      depth--;
    }
  }

  private Object filtered(List<Expression.Filter> filters, String text, Scope scope) {
    Object value = text;
    for (Expression.Filter filter : filters) {
      value = evaluator.filter(filter, value, scope);
    }
    return value;
  }

  private Callable macro(Node.Macro macro, Scope scope) {
    return passed -> {
      Scope inner = new Scope(scope);
      bind(macro, passed, inner);
      return captured(macro.body(), inner, passed.line());
    };
  }

  private void bind(Node.Macro macro, Passed passed, Scope inner) {
    List<String> names = macro.parameters();
    int required = names.size() - macro.defaults().size();
    for (int i = 0; i < names.size(); i++) {
      String name = names.get(i);
      if (i < passed.positional().size()) {
        inner.set(name, passed.positional().get(i));
      } else if (passed.named().containsKey(name)) {
        inner.set(name, passed.named().get(name));
      } else if (i >= required) {
        inner.set(name, evaluator.evaluate(macro.defaults().get(i - required), inner));
      } else {
        inner.set(name, new Undefined("parameter '" + name + "' was not provided"));
      }
    }
    int given = passed.positional().size();
    inner.set(
        "varargs",
        given > names.size()
            ? new Tuple(passed.positional().subList(names.size(), given))
            : Tuple.of());
    Map<String, Object> rest = new java.util.LinkedHashMap<>(passed.named());
    names.forEach(rest::remove);
    if (rest.containsKey("caller")) {
      inner.set("caller", rest.remove("caller"));
    }
    inner.set("kwargs", new java.util.LinkedHashMap<Object, Object>(rest));
  }

  private void callBlock(Node.CallBlock block, Scope scope) {
    Passed written = evaluator.passed(block.call().arguments(), scope, block.line());
    Map<String, Object> named = new java.util.LinkedHashMap<>(written.named());
    named.put("caller", macro(block.caller(), scope));
    Object callee = evaluator.evaluate(block.call().callee(), scope);
    Passed passed = new Passed(written.positional(), named, block.line());
    write(Values.text(evaluator.call(callee, passed, block.call().callee())), block.line());
  }

  private void with(Node.With with, Scope scope) {
    Scope inner = new Scope(scope);
    for (int i = 0; i < with.targets().size(); i++) {
      Object value = evaluator.evaluate(with.values().get(i), scope);
      assign(with.targets().get(i), value, inner, with.line());
    }
    body(with.body(), inner);
  }
}
