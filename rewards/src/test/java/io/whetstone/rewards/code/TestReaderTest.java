package io.whetstone.rewards.code;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import io.whetstone.datasets.DatasetException;
import io.whetstone.datasets.JsonLines;
import io.whetstone.datasets.Task;
import io.whetstone.rewards.code.TestSuite.Calls;
import io.whetstone.rewards.code.TestSuite.Checks;
import io.whetstone.rewards.code.TestSuite.Exchange;
import io.whetstone.rewards.code.TestSuite.Exchanges;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TestReaderTest {

  private static Optional<TestSuite> read(String line) throws Exception {
    byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
    try (JsonLines lines = new JsonLines(new ByteArrayInputStream(bytes))) {
      var fields = JsonLines.fields(JsonLines.parse(lines.next()));
      return TestReader.read(
          new Task("t", "p", Optional.empty(), List.of(), fields), Optional.empty());
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"tests\":{\"inputs\":[\"1\\n\",\"2\"],\"outputs\":[\"a\",\"b\"]}}",
        "{\"tests\":[{\"input\":\"1\\n\",\"output\":\"a\"},{\"input\":2,\"output\":\"b\"}]}",
        "{\"tests\":\"[{\\\"input\\\":\\\"1\\\\n"
            + "\\\",\\\"output\\\":\\\"a\\\"},{\\\"input\\\":\\\"2\\\",\\\"output\\\":\\\"b\\\",\\\"testtype\\\":\\\"stdin\\\"}]\"}",
        "{\"input_output\":\"{\\\"inputs\\\":[\\\"1\\\\n"
            + "\\\",[\\\"2\\\"]],\\\"outputs\\\":[\\\"a\\\",[\\\"b\\\"]]}\"}",
      })
  void exchanges(String line) throws Exception {
    assertEquals(
        Optional.of(new Exchanges(List.of(new Exchange("1\n", "a"), new Exchange("2", "b")))),
        read(line));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"tests\":{\"fn_name\":\"f\",\"inputs\":[[1,\"a\"]],\"outputs\":[[2]]}}",
        "{\"fn_name\":\"f\",\"tests\":{\"inputs\":[\"1\\n\\\"a\\\"\"],\"outputs\":[\"[2]\"]}}",
        "{\"metadata\":{\"func_name\":\"f\"},\"tests\":[{\"input\":\"1\\n"
            + "\\\"a\\\"\",\"output\":\"[2]\",\"testtype\":\"functional\"}]}",
        "{\"tests\":[{\"fn_name\":\"f\",\"args\":[1,\"a\"],\"expected\":[2]}]}",
        "{\"function\":\"f\",\"test_cases\":[{\"args\":[1,\"a\"],\"kwargs\":{},\"expected\":[2]}]}",
      })
  void calls(String line) throws Exception {
    Calls calls = (Calls) read(line).orElseThrow();
    assertEquals(1, calls.size());
    assertEquals("f", calls.calls().getFirst().function());
    assertEquals(
        "[1, \"a\"]",
        calls.calls().getFirst().arguments().stream().map(JsonNode::toString).toList().toString());
    assertEquals("[2]", calls.calls().getFirst().expected().getFirst().toString());
  }

  @Test
  void checks() throws Exception {
    assertEquals(
        Optional.of(new Checks("assert f(1) == 1")), read("{\"tests\":\"assert f(1) == 1\"}"));
    assertEquals(
        Optional.of(new Checks("import math\nassert f(1)\nassert f(2)\n")),
        read(
            "{\"test_list\":[\"assert f(1)\",\"assert f(2)\"],\"test_imports\":[\"import"
                + " math\"]}"));
    assertEquals(
        Optional.of(new Checks("def check(c):\n  assert c(1)\n\ncheck(f)\n")),
        read("{\"test\":\"def check(c):\\n  assert c(1)\",\"entry_point\":\"f\"}"));
    assertEquals(Optional.empty(), read("{\"answer\":\"1\"}"));
    assertEquals(Optional.empty(), read("{\"tests\":null}"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "tests: is number; expected a Python program, a list or an object|{\"tests\":1}",
        "tests: has no test; a program that is not tested would always pass|{\"tests\":[]}",
        "tests: has not the lists inputs and outputs; it has [input]|{\"tests\":{\"input\":[]}}",
        "tests: 1 inputs do not fit 0 outputs|{\"tests\":{\"inputs\":[\"\"],\"outputs\":[]}}",
        "tests[0]: output is missing; it has [input]|{\"tests\":[{\"input\":\"\"}]}",
        "tests[0].input: is object; expected text|{\"tests\":[{\"input\":{},\"output\":\"\"}]}",
        "tests[0]: is number; expected an object|{\"tests\":[1]}",
        "tests[0]: calls a function without a name; expected"
            + " fn_name|{\"tests\":[{\"args\":[],\"expected\":1}]}",
        "tests[0]: \"x y\" is not an argument in JSON|{\"fn_name\":\"f\",\"tests\":[{\"input\":\"x"
            + " y\",\"output\":\"1\"}]}",
        "fn_name: \"f()\" is not a Python"
            + " name|{\"fn_name\":\"f()\",\"tests\":[{\"input\":[],\"output\":\"1\"}]}",
        "tests: does nothing when it is run as a program, so everything would pass; expected"
            + " assertions or calls at its top level|{\"tests\":\"def test_f():\\n"
            + "  assert f(1)\"}",
      })
  void whatCannotBeReadIsADataError(String message, String line) {
    assertEquals(
        "task t: " + message, assertThrows(DatasetException.class, () -> read(line)).getMessage());
  }
}
