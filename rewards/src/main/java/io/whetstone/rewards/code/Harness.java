package io.whetstone.rewards.code;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.whetstone.rewards.code.TestSuite.Call;
import io.whetstone.rewards.sandbox.Program;
import io.whetstone.rewards.sandbox.ProgramRun;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Makes the programs that run Python code with its tests, and reads what they write. What is
 * expected never becomes part of a program.
 */
final class Harness {

  /** What came of one call: a value, or why there is none. */
  record Answer(Kind kind, JsonNode content) {
    enum Kind {
      VALUE,
      ERROR,
      LATE,
      KILLED,
      /** The code could not be loaded. */
      LOAD
    }
  }

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final Python python;
  private final SecureRandom random = new SecureRandom();
  private final String exchange = program("exchange.py");
  private final String calls = program("calls.py");
  private final String checks = program("checks.py");

  Harness(Python python) {
    this.python = python;
  }

  private static String program(String name) {
    return resource("start.py") + resource(name);
  }

  private static String resource(String name) {
    try (InputStream in = Harness.class.getResourceAsStream(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A word that nobody can guess. */
  String nonce() {
    byte[] bytes = new byte[16];
    random.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  /** The code as a program of its own. */
  Program exchange(String code, String input) {
    return Program.of(python.command("start.py"), files(code, exchange), bytes(input));
  }

  /**
   * The code, called once for each call.
   *
   * @param wall what one call may take on the clock, and of the processor
   * @param stop whether calls after one that gives no value are left out
   */
  Program calls(
      String code, List<Call> made, String nonce, Duration cpu, Duration wall, boolean stop) {
    StringBuilder text = new StringBuilder("(");
    text.append(PythonLiteral.of(nonce)).append(',');
    text.append(cpu.toMillis() / 1000.0).append(',').append(wall.toMillis() / 1000.0).append(',');
    text.append(stop ? "True" : "False").append(",[");
    for (Call call : made) {
      text.append('(').append(PythonLiteral.of(call.function())).append(",[");
      call.arguments().forEach(a -> text.append(PythonLiteral.of(a)).append(','));
      text.append("],{");
      call.named()
          .forEach(
              (name, value) ->
                  text.append(PythonLiteral.of(name))
                      .append(':')
                      .append(PythonLiteral.of(value))
                      .append(','));
      text.append("}),");
    }
    Map<String, byte[]> files = files(code, calls);
    files.put("calls.txt", bytes(text.append("])").toString()));
    return new Program(python.command("start.py"), files, new byte[0], true, Optional.empty());
  }

  /** The code and then the tests, which reach the sandbox when the code has been run. */
  Program checks(String code, String tests, String nonce) {
    return new Program(
        python.command("start.py"),
        files(code, checks),
        new byte[0],
        true,
        Optional.of(bytes(nonce + "\n" + tests)));
  }

  /** Whether the tests came to their end. */
  static boolean proven(ProgramRun run, String nonce) {
    return run.succeeded()
        && new String(run.results(), StandardCharsets.UTF_8).equals("\n" + nonce);
  }

  /** What the calls gave, by their index; the first answer to a call counts, others do not. */
  static Map<Integer, Answer> answers(ProgramRun run, String nonce) {
    Map<Integer, Answer> answers = new TreeMap<>();
    String text = new String(run.results(), StandardCharsets.UTF_8);
    for (String line : text.split("\n")) {
      String[] parts = line.split(" ", 4);
      if (parts.length == 4 && parts[0].equals(nonce) && parts[1].matches("\\d{1,9}")) {
        answer(parts[2], parts[3])
            .ifPresent(answer -> answers.putIfAbsent(Integer.valueOf(parts[1]), answer));
      }
    }
    return answers;
  }

  private static Optional<Answer> answer(String kind, String content) {
    try {
      Answer.Kind found = Answer.Kind.valueOf(kind.toUpperCase(java.util.Locale.ROOT));
      return Optional.of(new Answer(found, JSON.readTree(content)));
    } catch (IllegalArgumentException | JsonProcessingException e) {
      return Optional.empty(); // not written by our program
    }
  }

  private static Map<String, byte[]> files(String code, String program) {
    Map<String, byte[]> files = new TreeMap<>();
    files.put("start.py", bytes(program));
    files.put("main.py", bytes(code));
    return files;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
