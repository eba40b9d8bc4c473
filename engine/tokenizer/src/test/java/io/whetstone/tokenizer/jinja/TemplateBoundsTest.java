package io.whetstone.tokenizer.jinja;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Clock;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A template that would not come to an end, or take all memory, ends with a message. */
class TemplateBoundsTest {
  private static void refused(String source, String message) {
    TemplateException e =
        assertThrows(
            TemplateException.class,
            () -> Template.of(source).render(Map.of(), Clock.systemUTC()),
            source);
    assertTrue(e.getMessage().startsWith(message), e.getMessage());
  }

  @Test
  void loops() {
    refused(
        "\n{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "line 2: rendering takes more than 20000000 steps; is there an endless loop?");
    refused(
        "{% for a in range(1000000000) %}x{% endfor %}",
        "line 1: range: longer than 100000 numbers");
  }

  @Test
  void texts() {
    String grows = "grows beyond 33554432 characters";
    refused("{{ 'x' * 10000000000 }}", "line 1: the text " + grows);
    refused(
        "{% set of = namespace(s='ab') %}\n"
            + "{% for i in range(100) %}{% set of.s = of.s ~ of.s %}{% endfor %}",
        "line 2: the text " + grows);
    refused(
        "{% for i in range(40000) %}\n" + "x".repeat(1000) + "{% endfor %}",
        "line 2: the text " + grows);
  }

  @Test
  void macrosThatCallThemselves() {
    refused(
        "{% macro f() %}\n{{ f() }}{% endmacro %}\n{{ f() }}",
        "line 2: macros or loops call themselves deeper than 100");
  }

  @Test
  void nesting() {
    refused(
        "{{ " + "(".repeat(100_000) + "1" + ")".repeat(100_000) + " }}",
        "line 1: nested deeper than 150 levels");
  }
}
