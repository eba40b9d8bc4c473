package io.whetstone.tokenizer.jinja;

import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A Jinja template as chat templates use it, rendered as transformers renders it: trimmed blocks,
 * its functions ({@code raise_exception}, {@code strftime_now}), {@code tojson}, loop controls and
 * {@code generation} marks. Undefined variables print as nothing; unknown statements, filters and
 * tests are refused when the template is read, unknown methods and functions when they are called.
 *
 * <p>Bounds: 20 million steps, 32 Mi characters, nesting of 150 levels.
 */
public final class Template {
  private final List<Node> nodes;

  private Template(List<Node> nodes) {
    this.nodes = nodes;
  }

  /**
   * Reads a template.
   *
   * @throws TemplateException naming line and cause
   */
  public static Template of(String source) {
    return new Template(Parser.parse(source));
  }

  /**
   * What a template wrote.
   *
   * @param generated pieces within {@code {% generation %}}, as [from, to) in {@code text}'s chars
   */
  public record Rendered(String text, List<Span> generated) {
    /** A piece of the text. */
    public record Span(int from, int to) {}
  }

  /**
   * Renders.
   *
   * @param variables by name: null, Boolean, Long, Double, String, List or Map of such
   * @param clock what {@code strftime_now} reads
   * @throws TemplateException when the template refuses, or does what cannot be done
   */
  public Rendered render(Map<String, ?> variables, Clock clock) {
    Scope scope = new Scope(Globals.scope(clock));
    variables.forEach(scope::set);
    List<Rendered.Span> spans = new ArrayList<>();
    Interpreter interpreter =
        new Interpreter(
            new Evaluator(Budget.DEFAULT), (from, to) -> spans.add(new Rendered.Span(from, to)));
    return new Rendered(interpreter.run(nodes, scope), List.copyOf(spans));
  }
}
