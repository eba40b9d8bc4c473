package io.whetstone.rewards.code;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.whetstone.datasets.DatasetException;
import io.whetstone.datasets.Task;
import io.whetstone.rewards.code.TestSuite.Call;
import io.whetstone.rewards.code.TestSuite.Calls;
import io.whetstone.rewards.code.TestSuite.Checks;
import io.whetstone.rewards.code.TestSuite.Exchange;
import io.whetstone.rewards.code.TestSuite.Exchanges;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Reads a task's tests in the shapes that data sets have: a Python program (or a list of its
 * lines), {@code {"inputs": […], "outputs": […], "fn_name": …}}, or a list of {@code {"input": …,
 * "output": …}} or {@code {"args": […], "kwargs": {…}, "expected": …}}. A text that is JSON is read
 * as that.
 */
final class TestReader {

  /** Where tests are looked for unless a field is named: ours, APPS', MBPP's, HumanEval's, … */
  static final List<String> FIELDS =
      List.of("tests", "input_output", "test_list", "test", "public_test_cases", "test_cases");

  private static final List<String> FUNCTION = List.of("fn_name", "function", "func_name");

  private static final Pattern RUNS =
      Pattern.compile(
          "(?m)^(assert|for|while|if|with|try|raise|exec|await|[A-Za-z_][\\w.]*\\s*\\()");
  private static final Pattern NAME = Pattern.compile("[A-Za-z_]\\w*");

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final Task task;
  private final String field;
  private final Optional<String> function;

  private TestReader(Task task, String field) {
    this.task = task;
    this.field = field;
    this.function =
        FUNCTION.stream()
            .flatMap(name -> text(task.fields().get(name)).stream())
            .findFirst()
            .or(this::functionOfMetadata);
  }

  /**
   * A task's tests; empty where it has none.
   *
   * @param field where they are; without it, the first of {@link #FIELDS} that the task has
   * @throws DatasetException if they cannot be read; names the task and the place
   */
  static Optional<TestSuite> read(Task task, Optional<String> field) {
    List<String> fields = field.map(List::of).orElse(FIELDS);
    return fields.stream()
        .filter(name -> task.fields().get(name) != null)
        .findFirst()
        .map(name -> new TestReader(task, name).read());
  }

  private TestSuite read() {
    JsonNode node = JSON.valueToTree(task.fields().get(field));
    if (node.isTextual()) {
      JsonNode inner = json(node.textValue()).filter(JsonNode::isContainerNode).orElse(node);
      if (inner.isTextual()) {
        return checks(inner.textValue());
      }
      node = inner;
    }
    TestSuite suite;
    if (node.isObject()) {
      suite = columns(node);
    } else if (node.isArray() && !node.isEmpty() && node.get(0).isTextual()) {
      suite = lines(node);
    } else if (node.isArray()) {
      suite = rows(node);
    } else {
      throw bad("", "is " + kind(node) + "; expected a Python program, a list or an object");
    }
    if (suite.size() == 0) {
      throw bad("", "has no test; a program that is not tested would always pass");
    }
    return suite;
  }

  /** MBPP: a statement an item, with what they need in front. */
  private TestSuite lines(JsonNode node) {
    StringBuilder program = new StringBuilder();
    for (String before : List.of("test_setup_code", "test_imports")) {
      JsonNode setup = JSON.valueToTree(task.fields().get(before));
      (setup.isArray() ? setup : JSON.createArrayNode().add(setup))
          .forEach(line -> program.append(line.isTextual() ? line.textValue() + "\n" : ""));
    }
    for (int i = 0; i < node.size(); i++) {
      program.append(text(node.get(i), "[" + i + "]")).append('\n');
    }
    return checks(program.toString());
  }

  private TestSuite checks(String program) {
    String whole = program;
    // HumanEval defines check(candidate) and leaves it to the harness to call it.
    Optional<String> entry = text(task.fields().get("entry_point"));
    boolean defined = Pattern.compile("(?m)^def check\\(").matcher(program).find();
    boolean called = Pattern.compile("(?m)^check\\(").matcher(program).find();
    if (defined && !called && entry.isPresent()) {
      whole = program + "\n\ncheck(" + name(entry.get(), "entry_point") + ")\n";
    }
    if (!RUNS.matcher(whole).find()) {
      throw bad(
          "",
          "does nothing when it is run as a program, so everything would pass; expected assertions"
              + " or calls at its top level"
              + (defined ? ", or entry_point for check(candidate)" : ""));
    }
    return new Checks(whole);
  }

  private TestSuite columns(JsonNode node) {
    JsonNode inputs = node.get("inputs");
    JsonNode outputs = node.get("outputs");
    if (inputs == null || outputs == null || !inputs.isArray() || !outputs.isArray()) {
      throw bad("", "has not the lists inputs and outputs; it has " + names(node));
    }
    if (inputs.size() != outputs.size()) {
      throw bad("", inputs.size() + " inputs do not fit " + outputs.size() + " outputs");
    }
    Optional<String> name = function(node).or(() -> function);
    List<Exchange> exchanges = new ArrayList<>();
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < inputs.size(); i++) {
      String at = ".inputs[" + i + "]";
      JsonNode expected = outputs.get(i);
      if (name.isPresent()) {
        List<JsonNode> right = new ArrayList<>(List.of(expected(inputs.get(i), expected)));
        if (expected.isArray() && expected.size() == 1) {
          right.add(expected.get(0)); // APPS wraps some returned values in a list, and accepts both
        }
        calls.add(call(name.get(), inputs.get(i), Map.of(), right, at));
      } else {
        exchanges.add(new Exchange(text(inputs.get(i), at), text(expected, ".outputs[" + i + "]")));
      }
    }
    return name.isPresent() ? new Calls(calls) : new Exchanges(exchanges);
  }

  private TestSuite rows(JsonNode node) {
    List<Exchange> exchanges = new ArrayList<>();
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < node.size(); i++) {
      JsonNode row = node.get(i);
      String at = "[" + i + "]";
      if (!row.isObject()) {
        throw bad(at, "is " + kind(row) + "; expected an object");
      }
      Optional<String> name = function(row).or(() -> function);
      if (row.has("args") || row.has("kwargs")) {
        String called =
            name.orElseThrow(() -> bad(at, "calls a function without a name; expected fn_name"));
        calls.add(
            call(
                called, row.path("args"), named(row, at), List.of(given(row, "expected", at)), at));
      } else if (name.isPresent() && !row.path("testtype").asText().equals("stdin")) {
        JsonNode input = given(row, "input", at);
        JsonNode right = expected(input, given(row, "output", at));
        calls.add(call(name.get(), input, Map.of(), List.of(right), at));
      } else {
        exchanges.add(
            new Exchange(
                text(given(row, "input", at), at + ".input"),
                text(given(row, "output", at), at + ".output")));
      }
    }
    if (!calls.isEmpty() && !exchanges.isEmpty()) {
      throw bad("", "mixes calls with input and output; expected one kind a task");
    }
    return calls.isEmpty() ? new Exchanges(exchanges) : new Calls(calls);
  }

  private Call call(
      String name, JsonNode input, Map<String, JsonNode> named, List<JsonNode> right, String at) {
    List<JsonNode> arguments = new ArrayList<>();
    if (input.isTextual()) { // LiveCodeBench: an argument a line, as JSON
      for (String line : input.textValue().strip().split("\\R")) {
        arguments.add(
            json(line).orElseThrow(() -> bad(at, "\"" + line + "\" is not an argument in JSON")));
      }
    } else if (input.isArray()) {
      input.forEach(arguments::add);
    } else if (!input.isMissingNode()) {
      throw bad(at, "is " + kind(input) + "; expected the list of arguments");
    }
    return new Call(name(name, "fn_name"), arguments, named, right);
  }

  /** Where arguments are written as lines of JSON, so is the value. */
  private JsonNode expected(JsonNode input, JsonNode output) {
    return input.isTextual() && output.isTextual()
        ? json(output.textValue()).orElse(output)
        : output;
  }

  private Map<String, JsonNode> named(JsonNode row, String at) {
    Map<String, JsonNode> named = new LinkedHashMap<>();
    row.path("kwargs")
        .properties()
        .forEach(
            entry -> named.put(name(entry.getKey(), field + at + ".kwargs"), entry.getValue()));
    return named;
  }

  private Optional<String> functionOfMetadata() {
    JsonNode metadata = JSON.valueToTree(task.fields().get("metadata"));
    return function(metadata.isTextual() ? json(metadata.textValue()).orElse(metadata) : metadata);
  }

  private static Optional<String> function(JsonNode node) {
    return FUNCTION.stream()
        .map(node::path)
        .filter(JsonNode::isTextual)
        .map(JsonNode::textValue)
        .findFirst();
  }

  private String name(String name, String where) {
    if (!NAME.matcher(name).matches()) {
      throw new DatasetException(
          "task %s: %s: \"%s\" is not a Python name".formatted(task.id(), where, name));
    }
    return name;
  }

  private JsonNode given(JsonNode row, String name, String at) {
    if (!row.has(name)) {
      throw bad(at, name + " is missing; it has " + names(row));
    }
    return row.get(name);
  }

  private static Optional<String> text(Object value) {
    return value instanceof String text && !text.isBlank() ? Optional.of(text) : Optional.empty();
  }

  /** Some data sets write an input as the list of its lines. */
  private String text(JsonNode node, String at) {
    if (node.isArray()) {
      List<String> lines = new ArrayList<>();
      node.forEach(line -> lines.add(text(line, at)));
      return String.join("\n", lines);
    }
    if (!node.isTextual() && !node.isNumber()) {
      throw bad(at, "is " + kind(node) + "; expected text");
    }
    return node.asText();
  }

  private static Optional<JsonNode> json(String text) {
    try {
      JsonNode node = JSON.readTree(text);
      return node.isMissingNode() ? Optional.empty() : Optional.of(node);
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }

  private static String kind(JsonNode node) {
    return node.getNodeType().name().toLowerCase(java.util.Locale.ROOT);
  }

  private static List<String> names(JsonNode node) {
    List<String> names = new ArrayList<>();
    node.fieldNames().forEachRemaining(names::add);
    return names;
  }

  private DatasetException bad(String at, String message) {
    return new DatasetException("task %s: %s%s: %s".formatted(task.id(), field, at, message));
  }
}
