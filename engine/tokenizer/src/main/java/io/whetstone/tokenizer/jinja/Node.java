package io.whetstone.tokenizer.jinja;

import java.util.List;

/** What a template does, in order. */
sealed interface Node {
  record Text(String text, int line) implements Node {}

  record Output(Expression value, int line) implements Node {}

  record If(List<Expression> conditions, List<List<Node>> bodies, List<Node> otherwise)
      implements Node {}

  /** A loop; {@code filter} may be null. */
  record For(
      Target target,
      Expression items,
      Expression filter,
      boolean recursive,
      List<Node> body,
      List<Node> otherwise,
      int line)
      implements Node {}

  record Assign(Target target, Expression value, int line) implements Node {}

  /** {@code set} with a body; filters are applied to what it renders. */
  record AssignBlock(Target target, List<Expression.Filter> filters, List<Node> body, int line)
      implements Node {}

  record Macro(String name, List<String> parameters, List<Expression> defaults, List<Node> body)
      implements Node {}

  /** {@code call}: the body is what the macro's {@code caller()} gives. */
  record CallBlock(Macro caller, Expression.Call call, int line) implements Node {}

  record FilterBlock(List<Expression.Filter> filters, List<Node> body, int line) implements Node {}

  record With(List<Target> targets, List<Expression> values, List<Node> body, int line)
      implements Node {}

  /** Text that the model generated: the part of a conversation that is trained on. */
  record Generation(List<Node> body) implements Node {}

  record Break(int line) implements Node {}

  record Continue(int line) implements Node {}

  /** What is assigned to. */
  sealed interface Target {
    record Variable(String name) implements Target {}

    /** An attribute of a namespace. */
    record Member(String namespace, String name) implements Target {}

    record Several(List<Target> targets) implements Target {}
  }
}
