package io.whetstone.tokenizer.jinja;

import io.whetstone.tokenizer.jinja.Node.Target;
import io.whetstone.tokenizer.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/** Reads a template's statements. What is not known is refused by name. */
final class Parser {
  private static final Set<String> UNSUPPORTED =
      Set.of("extends", "block", "include", "import", "from", "do", "trans", "autoescape", "debug");

  private final Tokens tokens;
  private final ExpressionParser expressions;

  private Parser(String template) {
    tokens = new Tokens(Lexer.tokens(template));
    expressions = new ExpressionParser(tokens);
  }

  static List<Node> parse(String template) {
    Parser parser = new Parser(template);
    List<Node> nodes = parser.body();
    if (!parser.tokens.current().is(Kind.END)) {
      parser.tokens.next();
      throw new TemplateException(
          parser.tokens.line(), "{% " + parser.tokens.current() + " %} closes nothing");
    }
    return nodes;
  }

  /** Statements up to the template's end or a tag that begins with one of {@code ends}. */
  private List<Node> body(String... ends) {
    tokens.enter();
    List<Node> nodes = new ArrayList<>();
    while (!tokens.current().is(Kind.END) && !atEnd(ends)) {
      Token token = tokens.next();
      switch (token.kind()) {
        case TEXT -> nodes.add(new Node.Text(token.text(), token.line()));
        case VARIABLE_BEGIN -> {
          nodes.add(new Node.Output(expressions.tuple(), token.line()));
          tokens.expect(Kind.VARIABLE_END, "}}");
        }
        case BLOCK_BEGIN -> nodes.add(statement());
        default -> throw new TemplateException(token.line(), "got " + token + ", expected text");
      }
    }
    tokens.leave();
    return nodes;
  }

  private boolean atEnd(String... ends) {
    if (!tokens.current().is(Kind.BLOCK_BEGIN) || !tokens.following().is(Kind.NAME)) {
      return false;
    }
    String name = tokens.following().text();
    boolean closing = name.startsWith("end") || name.equals("else") || name.equals("elif");
    return closing && (ends.length == 0 || Arrays.asList(ends).contains(name));
  }

  /** A body and the tag that closes it, {@code %}} included. */
  private List<Node> closed(String end, int line) {
    List<Node> nodes = body(end);
    close(end, line);
    return nodes;
  }

  private void close(String end, int line) {
    if (tokens.current().is(Kind.END)) {
      throw new TemplateException(line, "what begins here is not closed by {% " + end + " %}");
    }
    tokens.expect(Kind.BLOCK_BEGIN, "{% " + end + " %}");
    tokens.expect(end);
    endTag();
  }

  private void endTag() {
    tokens.expect(Kind.BLOCK_END, "%}");
  }

  private Node statement() {
    int line = tokens.line();
    String name = tokens.name("a statement");
    return switch (name) {
      case "if" -> conditional(line);
      case "for" -> loop(line);
      case "set" -> assignment(line);
      case "macro" -> macro(line);
      case "call" -> call(line);
      case "filter" -> filterBlock(line);
      case "with" -> with(line);
      case "generation" -> {
        endTag();
        yield new Node.Generation(closed("endgeneration", line));
      }
      case "break" -> {
        endTag();
        yield new Node.Break(line);
      }
      case "continue" -> {
        endTag();
        yield new Node.Continue(line);
      }
      default ->
          throw new TemplateException(
              line,
              "{% "
                  + name
                  + " %} "
                  + (UNSUPPORTED.contains(name)
                      ? "is not supported in chat templates"
                      : name.startsWith("end") || name.startsWith("el")
                          ? "closes nothing"
                          : "is not a statement that is known"));
    };
  }

  private Node conditional(int line) {
    List<Expression> conditions = new ArrayList<>();
    List<List<Node>> bodies = new ArrayList<>();
    List<Node> otherwise = List.of();
    conditions.add(expressions.tuple());
    endTag();
    bodies.add(body("elif", "else", "endif"));
    while (tokens.current().is(Kind.BLOCK_BEGIN) && tokens.following().is("elif")) {
      tokens.next();
      tokens.next();
      conditions.add(expressions.tuple());
      endTag();
      bodies.add(body("elif", "else", "endif"));
    }
    if (tokens.current().is(Kind.BLOCK_BEGIN) && tokens.following().is("else")) {
      tokens.next();
      tokens.next();
      endTag();
      otherwise = body("endif");
    }
    close("endif", line);
    return new Node.If(conditions, bodies, otherwise);
  }

  private Node loop(int line) {
    Target target = target();
    tokens.expect("in");
    Expression items = expressions.items();
    Expression filter = tokens.skip("if") ? expressions.expression() : null;
    boolean recursive = tokens.skip("recursive");
    endTag();
    List<Node> body = body("else", "endfor");
    List<Node> otherwise = List.of();
    if (tokens.current().is(Kind.BLOCK_BEGIN) && tokens.following().is("else")) {
      tokens.next();
      tokens.next();
      endTag();
      otherwise = body("endfor");
    }
    close("endfor", line);
    return new Node.For(target, items, filter, recursive, body, otherwise, line);
  }

  private Target target() {
    List<Target> targets = new ArrayList<>();
    do {
      targets.add(oneTarget());
    } while (tokens.skip(",") && !tokens.current().is("in") && !tokens.current().is("="));
    return targets.size() == 1 ? targets.getFirst() : new Target.Several(targets);
  }

  private Target oneTarget() {
    if (tokens.skip("(")) {
      Target inner = target();
      tokens.expect(")");
      return inner;
    }
    String name = tokens.name("a variable's name");
    if (tokens.skip(".")) {
      return new Target.Member(name, tokens.name("an attribute's name"));
    }
    return new Target.Variable(name);
  }

  private Node assignment(int line) {
    Target target = target();
    if (tokens.skip("=")) {
      Expression value = expressions.tuple();
      endTag();
      return new Node.Assign(target, value, line);
    }
    List<Expression.Filter> filters = new ArrayList<>();
    while (tokens.current().is("|")) {
      filters.add(expressions.filter(null));
    }
    endTag();
    return new Node.AssignBlock(target, filters, closed("endset", line), line);
  }

  private Node.Macro macro(int line) {
    return macroOf(tokens.name("the macro's name"), "endmacro", line);
  }

  private Node.Macro macroOf(String name, String end, int line) {
    List<String> parameters = new ArrayList<>();
    List<Expression> defaults = new ArrayList<>();
    signature(parameters, defaults);
    endTag();
    return new Node.Macro(name, parameters, defaults, closed(end, line));
  }

  private void signature(List<String> parameters, List<Expression> defaults) {
    tokens.expect("(");
    while (!tokens.skip(")")) {
      parameters.add(tokens.name("a parameter's name"));
      if (tokens.skip("=")) {
        defaults.add(expressions.expression());
      } else if (!defaults.isEmpty()) {
        throw tokens.unexpected("a default: an earlier parameter has one");
      }
      if (!tokens.current().is(")")) {
        tokens.expect(",");
      }
    }
  }

  private Node call(int line) {
    List<String> parameters = new ArrayList<>();
    List<Expression> defaults = new ArrayList<>();
    if (tokens.current().is("(")) {
      signature(parameters, defaults);
    }
    if (!(expressions.expression() instanceof Expression.Call call)) {
      throw new TemplateException(line, "{% call %} needs a macro's call");
    }
    endTag();
    Node.Macro caller = new Node.Macro("caller", parameters, defaults, closed("endcall", line));
    return new Node.CallBlock(caller, call, line);
  }

  private Node filterBlock(int line) {
    List<Expression.Filter> filters = new ArrayList<>();
    filters.add(expressions.filterNamed(null));
    while (tokens.current().is("|")) {
      filters.add(expressions.filter(null));
    }
    endTag();
    return new Node.FilterBlock(filters, closed("endfilter", line), line);
  }

  private Node with(int line) {
    List<Target> targets = new ArrayList<>();
    List<Expression> values = new ArrayList<>();
    while (!tokens.current().is(Kind.BLOCK_END)) {
      targets.add(oneTarget());
      tokens.expect("=");
      values.add(expressions.expression());
      if (!tokens.current().is(Kind.BLOCK_END)) {
        tokens.expect(",");
      }
    }
    endTag();
    return new Node.With(targets, values, closed("endwith", line), line);
  }
}
