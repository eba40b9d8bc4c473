package io.whetstone.datasets;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RowDatasetTest {

  @TempDir Path directory;

  private static final Map<String, Object> QUESTIONS =
      Map.of(
          "path",
          "data.jsonl",
          "prompt",
          "question",
          "answer",
          Map.of("from", "answer", "after", "####"),
          "held-out",
          0,
          "shuffle",
          false);

  private Dataset open(Map<String, Object> more, String... lines) throws IOException {
    return open(more, String.join("\n", lines).getBytes(StandardCharsets.UTF_8), 0);
  }

  private Dataset open(Map<String, Object> more, byte[] file, long seed) throws IOException {
    Files.write(directory.resolve("data.jsonl"), file);
    Map<String, Object> settings = new HashMap<>(QUESTIONS);
    settings.putAll(more);
    settings.values().removeIf(""::equals);
    return Datasets.jsonl(settings, directory, seed);
  }

  private static String line(String question, String answer) {
    return "{\"question\": \"%s\", \"answer\": \"%s\"}".formatted(question, answer);
  }

  private static List<Task> tasks(TaskSource source) {
    return LongStream.range(0, source.size()).mapToObj(source::task).toList();
  }

  private static List<String> prompts(TaskSource source) {
    return tasks(source).stream().map(Task::prompt).toList();
  }

  @Test
  void answersAreTakenFromBehindTheMarker() throws IOException {
    try (Dataset data =
        open(
            Map.of(),
            line("How many clips?", "48/2 = <<48/2=24>>24 #### no\\n#### 72"),
            "",
            line("Größe 😀?", "####  1,234.50 \\n(see above)"))) {
      assertEquals(
          List.of(
              new Task(
                  "data.jsonl:1",
                  "How many clips?",
                  Optional.of("72"),
                  List.of(),
                  Map.of(
                      "question",
                      "How many clips?",
                      "answer",
                      "48/2 = <<48/2=24>>24 #### no\n#### 72")),
              new Task(
                  "data.jsonl:3",
                  "Größe 😀?",
                  Optional.of("1,234.50"),
                  List.of(),
                  Map.of("question", "Größe 😀?", "answer", "####  1,234.50 \n(see above)"))),
          tasks(data.training()));
      assertEquals(0, data.heldOut().size());
    }
  }

  @Test
  void numbersAreTakenAsTheyAreWritten() throws IOException {
    try (Dataset data =
        open(
            Map.of("answer", "answer", "prompt", "{a} + {b} = {{?}}", "id", "n"),
            "{\"a\": 0.50, \"b\": 12345678901234567890.10, \"answer\": 7, \"n\": 5, \"x\":"
                + " null}")) {
      Task task = data.training().task(0);
      assertEquals("0.50 + 12345678901234567890.10 = {?}", task.prompt());
      assertEquals(Optional.of("7"), task.answer());
      assertEquals("5", task.id());
      assertTrue(task.fields().containsKey("x"));
    }
  }

  @Test
  void byteOrderMarkAndCarriageReturnsAreAllowed() throws IOException {
    String text = "\ufeff" + line("a", "#### 1") + "\r\n\r\n" + line("b", "#### 2") + "\r\n";
    try (Dataset data = open(Map.of(), text.getBytes(StandardCharsets.UTF_8), 0)) {
      assertEquals(List.of("a", "b"), prompts(data.training()));
    }
  }

  @Test
  void eachBadLineIsNamedWithWhatWasExpected() {
    assertBad("{\"question\": \"x\"", "data.jsonl:2: is not JSON (column");
    assertBad(
        "[1, 2]", "data.jsonl:2: is JSON, but not an object (array); expected {\"field\": …}");
    assertBad(line("x", "#### 1") + " {}", "data.jsonl:2: is not JSON (column");
    assertBad("{\"question\":1,\"question\":2}", "data.jsonl:2: is not JSON (column");
    assertBad(
        "{\"answer\": \"#### 1\"}",
        "data.jsonl:2: question: is missing; expected text (the line has answer)");
    assertBad(
        "{\"question\": null, \"answer\": \"#### 1\"}",
        "data.jsonl:2: question: is null; expected text or a number");
    assertBad(
        "{\"question\": [\"x\"], \"answer\": \"#### 1\"}",
        "data.jsonl:2: question: is array; expected text or a number");
    assertBad(line(" ", "#### 1"), "data.jsonl:2: prompt: is blank; expected text");
    assertBad(
        line("x", "72"),
        "data.jsonl:2: answer: does not hold \"####\"; expected the answer after it");
    assertBad(line("x", "72 #### "), "data.jsonl:2: answer: holds no answer; expected text");
    assertTrue(
        complaint(Map.of(), line("a", "#### 1"), "oops")
            .endsWith("(on-bad-line: skip would go on without it)"));
  }

  private void assertBad(String line, String message) {
    String complaint = complaint(Map.of(), line("a", "#### 1"), line);
    assertTrue(complaint.contains(message), complaint);
  }

  private String complaint(Map<String, Object> more, String... lines) {
    return assertThrows(DatasetException.class, () -> open(more, lines)).getMessage();
  }

  @Test
  void bytesThatAreNotUtf8AreABadLine() {
    byte[] latin = "{\"question\": \"Größe\"}".getBytes(StandardCharsets.ISO_8859_1);
    String message =
        assertThrows(DatasetException.class, () -> open(Map.of(), latin, 0)).getMessage();
    assertTrue(message.contains("data.jsonl:1: is not UTF-8"), message);
  }

  @Test
  void aLineWithoutEndIsRefusedAndDoesNotFillTheMemory() throws IOException {
    byte[] endless = new byte[(20 << 20) + 1];
    Arrays.fill(endless, (byte) 'x');
    endless[20 << 20] = '\n';
    byte[] good = line("a", "#### 1").getBytes(StandardCharsets.UTF_8);
    byte[] file = Arrays.copyOf(endless, endless.length + good.length);
    System.arraycopy(good, 0, file, endless.length, good.length);
    try (Dataset data = open(Map.of("on-bad-line", "skip"), file, 0)) {
      assertEquals(List.of("a"), prompts(data.training()));
      assertTrue(data.summary().examples().getFirst().contains("longer than 16 MiB"));
    }
  }

  @Test
  void skippedLinesAreCountedAndReported() throws IOException {
    try (Dataset data =
        open(
            Map.of("on-bad-line", "skip"),
            line("a", "#### 1"),
            "oops",
            line("b", "two"),
            line("c", "#### 3"))) {
      assertEquals(List.of("a", "c"), prompts(data.training()));
      DatasetSummary summary = data.summary();
      assertEquals(2, summary.skipped());
      assertTrue(summary.examples().get(0).contains("data.jsonl:2: is not JSON"));
      assertTrue(summary.examples().get(1).contains("data.jsonl:3: answer: does not hold"));
      assertTrue(summary.toString().contains("bad lines skipped: 2"), summary.toString());
    }
  }

  @Test
  void aFileWithoutTasksIsRefused() {
    assertTrue(complaint(Map.of(), "").contains("data.jsonl: holds no task"));
    assertTrue(complaint(Map.of("on-bad-line", "skip"), "oops").contains("first bad line: "));
    assertTrue(
        assertThrows(
                DatasetException.class,
                () -> Datasets.jsonl(Map.of("path", "no.jsonl", "prompt", "p"), directory, 0))
            .getMessage()
            .endsWith("no.jsonl: there is no such file"));
  }

  @Test
  void duplicatesAreLeftOutAndConflictsCounted() throws IOException {
    try (Dataset data =
        open(
            Map.of(),
            line("How many?", "#### 1"),
            line("  How\\tmany? ", "#### 1"),
            line("How many?", "#### 2"),
            line("how many?", "#### 3"))) {
      assertEquals(List.of("How many?", "how many?"), prompts(data.training()));
      assertEquals(2, data.summary().duplicates());
      assertEquals(1, data.summary().conflicts());
    }
  }

  private static byte[] many(int count) {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      lines.add(line("question " + i, "#### " + i));
      if (i % 7 == 0) {
        lines.add(line("question  " + i, "#### " + i)); // the same but for a space
      }
    }
    return String.join("\n", lines).getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void heldOutAndTrainingAreDisjointAndAnotherSeedChangesBoth() throws IOException {
    Map<String, Object> tenth = Map.of("held-out", 0.1, "shuffle", true);
    List<List<String>> training = new ArrayList<>();
    List<List<String>> heldOut = new ArrayList<>();
    for (long seed : new long[] {0, 1, 0}) {
      try (Dataset data = open(tenth, many(1000), seed)) {
        training.add(prompts(data.training()));
        heldOut.add(prompts(data.heldOut()));
        assertEquals(100, data.heldOut().size());
        Set<String> all = new HashSet<>(training.getLast());
        all.addAll(heldOut.getLast());
        assertEquals(1000, all.size());
        assertEquals(900, data.training().size());
      }
    }
    assertNotEquals(training.get(0), training.get(1));
    assertNotEquals(Set.copyOf(heldOut.get(0)), Set.copyOf(heldOut.get(1)));
    assertEquals(training.get(0), training.get(2));
    assertEquals(heldOut.get(0), heldOut.get(2));
  }

  @Test
  void heldOutMayBeACountOrEverything() throws IOException {
    try (Dataset data = open(Map.of("held-out", 3), many(10), 0)) {
      assertEquals(3, data.heldOut().size());
      assertEquals(7, data.training().size());
      List<String> inOrder = prompts(data.training()).stream().sorted().toList();
      assertEquals(inOrder, prompts(data.training())); // shuffle: false
    }
    try (Dataset data = open(Map.of("held-out", "all"), many(10), 0)) {
      assertEquals(10, data.heldOut().size());
      assertEquals(0, data.training().size());
    }
  }

  @Test
  void demonstrationsAreOfTrainingPromptsOnly() throws IOException {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      for (String completion : List.of("one", "two", "one")) {
        lines.add("{\"question\": \"q%d\", \"completion\": \"%s\"}".formatted(i, completion));
      }
    }
    try (Dataset data =
        open(
            Map.of("completion", "completion", "answer", "", "held-out", 0.5, "shuffle", true),
            lines.toArray(String[]::new))) {
      DemonstrationSource shown = data.demonstrations().orElseThrow();
      assertEquals(60, shown.size()); // thirty prompts with two completions each
      Set<String> heldOut = new HashSet<>(prompts(data.heldOut()));
      Set<String> seen = new HashSet<>();
      for (int i = 0; i < 60; i++) {
        Demonstration each = shown.demonstration(i);
        assertTrue(!heldOut.contains(each.task().prompt()));
        assertTrue(seen.add(each.task().prompt() + each.completion()));
      }
      assertEquals(60, data.summary().duplicates());
    }
  }

  @Test
  void aFileThatChangesUnderTheRunIsNoticed() throws IOException {
    try (Dataset data = open(Map.of(), line("abc", "#### 1"), line("def", "#### 2"))) {
      Files.writeString(
          directory.resolve("data.jsonl"), line("xyz", "#### 1") + "\n" + line("def", "#### 2"));
      assertEquals("def", data.training().task(1).prompt());
      assertTrue(
          assertThrows(DatasetException.class, () -> data.training().task(0))
              .getMessage()
              .endsWith("data.jsonl:1: has changed since the run began; expected the same file"));
    }
  }

  @Test
  void tasksCanBeReadByManyThreads() throws IOException {
    try (Dataset data = open(Map.of(), many(300), 0)) {
      TaskSource source = data.training();
      IntStream.range(0, 3000)
          .parallel()
          .forEach(i -> assertEquals("question " + i % 300, source.task(i % 300).prompt()));
      assertThrows(IndexOutOfBoundsException.class, () -> source.task(300));
      assertThrows(IndexOutOfBoundsException.class, () -> source.task(-1));
    }
  }

  @Test
  void settingsAreChecked() {
    assertSetting("jsonl.promt: is not known; did you mean prompt?", Map.of("promt", "x"));
    assertSetting("jsonl.held-out: -1.0 is not a count", Map.of("held-out", -1));
    assertSetting("jsonl.held-out: \"some\" is not a count", Map.of("held-out", "some"));
    assertSetting(
        "jsonl.on-bad-line: \"skipp\" is not known; did you mean skip?",
        Map.of("on-bad-line", "skipp"));
    assertSetting("jsonl.answer.from: is missing", Map.of("answer", Map.of("after", "####")));
    assertSetting("jsonl.prompt: \"{a\" has a brace at character 1", Map.of("prompt", "{a"));
    assertSetting("jsonl.prompt: \"}\" has a brace at character 1", Map.of("prompt", "}"));
    assertSetting("jsonl.prompt: \"{{}}\" names no field", Map.of("prompt", "{{}}"));
    assertSetting("jsonl.path: is missing; expected a path", Map.of("path", ""));
  }

  private void assertSetting(String message, Map<String, Object> more) {
    String complaint =
        assertThrows(IllegalArgumentException.class, () -> open(more, line("a", "#### 1")))
            .getMessage();
    assertTrue(complaint.startsWith(message), complaint);
  }
}
