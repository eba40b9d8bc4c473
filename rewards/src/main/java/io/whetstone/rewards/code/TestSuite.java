package io.whetstone.rewards.code;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;

/** What a completion's code must do. */
sealed interface TestSuite {

  /** How many tests there are. */
  int size();

  /** Programs that read standard input and write standard output. */
  record Exchanges(List<Exchange> exchanges) implements TestSuite {
    @Override
    public int size() {
      return exchanges.size();
    }
  }

  /** What a program reads, and what it must then write. */
  record Exchange(String input, String output) {}

  /** Calls of a function of the code, each in a process of its own. */
  record Calls(List<Call> calls) implements TestSuite {
    @Override
    public int size() {
      return calls.size();
    }
  }

  /**
   * One call.
   *
   * @param function of the module, or a method of its class {@code Solution}
   * @param expected what it must return; any of these
   */
  record Call(
      String function,
      List<JsonNode> arguments,
      Map<String, JsonNode> named,
      List<JsonNode> expected) {}

  /** A Python program that is run after the code, in its process. */
  record Checks(String program) implements TestSuite {
    @Override
    public int size() {
      return 1;
    }
  }
}
