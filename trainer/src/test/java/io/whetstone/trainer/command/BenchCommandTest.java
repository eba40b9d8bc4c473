package io.whetstone.trainer.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** {@code bench} with as little work as a row can have: the numbers mean nothing here. */
class BenchCommandTest {
  @Test
  void aShapesRowsAreLinesOfJson() throws Exception {
    CommandLineRun run =
        CommandLineRun.of("bench", "tiny", "--json", "--warm-up", "0", "--repeat", "1").succeeded();
    List<String> names = List.of("tiny/generate-64", "tiny/forward-backward", "tiny/grpo-step");
    List<String> units = List.of("tok/s", "tok/s", "s");
    List<String> lines = run.out().lines().toList();
    assertEquals(names.size(), lines.size(), run.out());
    for (int i = 0; i < names.size(); i++) {
      JsonNode line = new ObjectMapper().readTree(lines.get(i));
      assertEquals(names.get(i), line.get("name").asText());
      assertEquals(units.get(i), line.get("unit").asText());
      assertTrue(line.get("value").asDouble() > 0, lines.get(i));
    }
  }

  @Test
  void peopleGetALineARow() {
    String out =
        CommandLineRun.of("bench", "tiny/grpo-step", "--warm-up", "0", "--repeat", "2")
            .succeeded()
            .out();
    assertTrue(out.matches("tiny/grpo-step +[\\d.]+ s +\\(median [\\d.]+\\)\\R"), out);
  }

  @Test
  void quantisedRowsAreThoseThatDoNotTrainTheWeights() {
    String[] options = {"--quantize", "q8_0", "--warm-up", "0", "--repeat", "1"};
    List<String> lines =
        CommandLineRun.of(with("tiny", options)).succeeded().out().lines().toList();
    assertEquals(1, lines.size());
    assertTrue(lines.getFirst().startsWith("tiny/generate-64 "), lines.getFirst());
    String trained = CommandLineRun.of(with("tiny/grpo-step", options)).refused(2);
    assertTrue(trained.contains("tiny/generate-64"), trained);
    assertTrue(CommandLineRun.of("bench", "--quantize", "q5").refused(2).contains("--quantize"));
  }

  @Test
  void whatCannotBeMeasuredIsExplained() {
    String unknown = CommandLineRun.of("bench", "small").refused(2);
    assertTrue(unknown.contains("qwen-0.5b/prefill-8x128"), unknown);
    assertTrue(CommandLineRun.of("bench", "--repeat", "0").refused(2).contains("--repeat"));
    assertTrue(CommandLineRun.of("bench", "--warm-up", "-1").refused(2).contains("--warm-up"));
  }

  private static String[] with(String row, String... options) {
    return Stream.concat(Stream.of("bench", row), Stream.of(options)).toArray(String[]::new);
  }
}
