package io.whetstone.datasets.tables;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.whetstone.datasets.Dataset;
import io.whetstone.datasets.DatasetException;
import io.whetstone.datasets.Demonstration;
import io.whetstone.datasets.Task;
import io.whetstone.datasets.TaskSource;
import io.whetstone.datasets.settings.Settings;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.LongStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TablesTest {

  @TempDir Path directory;

  private Dataset open(Map<String, Object> more) {
    Map<String, Object> settings = new HashMap<>();
    settings.put("held-out", 0);
    settings.put("shuffle", false);
    if (!more.containsKey("messages")) {
      settings.put("prompt", "question");
    }
    settings.putAll(more);
    return Tables.open(
        Settings.read(settings, TableSettings.class, "table"),
        directory,
        () -> {
          throw new IllegalStateException("nothing here is at the hub");
        },
        0);
  }

  private static List<Task> tasks(TaskSource source) {
    return LongStream.range(0, source.size()).mapToObj(source::task).toList();
  }

  private List<String> prompts(Map<String, Object> more) {
    try (Dataset data = open(more)) {
      return tasks(data.training()).stream().map(Task::prompt).toList();
    }
  }

  private void sql(String... statements) throws SQLException {
    try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = duck.createStatement()) {
      for (String each : statements) {
        statement.execute(each.replace("$", directory.toString()));
      }
    }
  }

  private void write(String name, String text) throws IOException {
    Files.createDirectories(directory.resolve(name).getParent());
    Files.writeString(directory.resolve(name), text);
  }

  private String refusal(Map<String, Object> more) {
    return assertThrows(DatasetException.class, () -> open(more)).getMessage();
  }

  private static void assertSays(String message, String... parts) {
    for (String part : parts) {
      assertTrue(message.contains(part), message);
    }
  }

  @Test
  void parquetKeepsTypesTextAndOrder() throws SQLException {
    sql(
        "COPY (SELECT 'Größe \"😀\" ' || i AS question, (i * 1.5)::DOUBLE AS answer, 0.1::FLOAT AS"
            + " third, 'NaN'::DOUBLE AS nothing, ['a', NULL] AS list, {'x': {'y': i}} AS nested,"
            + " 9007199254740993 AS large FROM range(5000) t(i)) TO '$/t.parquet' (FORMAT parquet,"
            + " ROW_GROUP_SIZE 2048)");
    try (Dataset data = open(Map.of("path", "t.parquet", "answer", "answer"))) {
      assertEquals(5000, data.training().size());
      Task task = data.training().task(4321);
      assertEquals("Größe \"😀\" 4321", task.prompt());
      assertEquals("6481.5", task.answer().orElseThrow());
      assertEquals("t.parquet:4322", task.id());
      Map<String, Object> fields = task.fields();
      assertEquals("0.1", fields.get("third").toString());
      assertEquals(null, fields.get("nothing"));
      assertEquals(java.util.Arrays.asList("a", null), fields.get("list"));
      assertEquals(Map.of("x", Map.of("y", 4321)), fields.get("nested"));
      assertEquals(9007199254740993L, fields.get("large"));
    }
    try (Dataset data =
        open(
            Map.of(
                "path",
                "t.parquet",
                "answer",
                "nested.x.y",
                "keep",
                List.of("question", "nested")))) {
      assertEquals("17", data.training().task(17).answer().orElseThrow());
      assertEquals(Set.of("question", "nested"), data.training().task(0).fields().keySet());
    }
    assertSays(
        refusal(Map.of("path", "t.parquet", "keep", List.of("qestion"))),
        "keep: qestion is not known; did you mean question?");
  }

  @Test
  void messagesInParquetAreConversations() throws SQLException {
    sql(
        "COPY (SELECT [{'role': 'user', 'content': 'a?', 'tool_calls': NULL::VARCHAR}, {'role':"
            + " 'assistant', 'content': 'b', 'tool_calls': NULL}] AS messages) TO '$/t.parquet'");
    try (Dataset data = open(Map.of("path", "t.parquet", "messages", "messages"))) {
      Demonstration demonstration = data.demonstrations().orElseThrow().demonstration(0);
      assertEquals(
          List.of(
              Map.of("role", "user", "content", "a?"), Map.of("role", "assistant", "content", "b")),
          demonstration.conversation().orElseThrow().messages());
    }
  }

  @Test
  void csvIsText() throws IOException {
    write("t.csv", "question,answer\n\"a, \"\"b\"\"\nc\",07\nd,1e3\n");
    try (Dataset data = open(Map.of("path", "t.csv", "answer", "answer"))) {
      List<Task> tasks = tasks(data.training());
      assertEquals("a, \"b\"\nc", tasks.get(0).prompt());
      assertEquals("07", tasks.get(0).answer().orElseThrow());
      assertEquals("1e3", tasks.get(1).answer().orElseThrow());
    }
    write("t.tsv", "question\tanswer\na, b\t1\n");
    assertEquals(List.of("a, b"), prompts(Map.of("path", "t.tsv")));
    write("s.csv", "question;answer\na, b;1\n");
    assertEquals(List.of("a, b"), prompts(Map.of("path", "s.csv", "delimiter", ";")));
  }

  @Test
  void badCsvRowsStopOrAreCounted() throws IOException {
    write("t.csv", "question,answer\na,1\nb,2,3\n\"c\",3\n,4\n");
    assertSays(
        refusal(Map.of("path", "t.csv")),
        "t.csv:3: ",
        "Expected Number of Columns: 2 Found: 3",
        "on-bad-line: skip would go on");
    try (Dataset data = open(Map.of("path", "t.csv", "on-bad-line", "skip"))) {
      assertEquals(2, data.summary().skipped());
      assertSays(data.summary().toString(), "t.csv:3: ", "t.csv: row 3: question: is null");
      assertEquals(2, data.training().size());
    }
  }

  @Test
  void jsonComesAsLinesOrAnArrayAndCompressed() throws IOException, SQLException {
    String lines = "{\"question\": \"a\"}\n\n{\"question\": 0.50}\n";
    try (OutputStream out =
        new GZIPOutputStream(Files.newOutputStream(directory.resolve("t.jsonl.gz")))) {
      out.write(lines.getBytes(StandardCharsets.UTF_8));
    }
    assertEquals(List.of("a", "0.50"), prompts(Map.of("path", "t.jsonl.gz")));
    sql(
        "COPY (SELECT '{\"question\": \"a\"}' AS l UNION ALL SELECT NULL UNION ALL SELECT"
            + " '{\"question\": nope}') TO '$/t.jsonl.zst' (FORMAT csv, HEADER false, QUOTE '',"
            + " ESCAPE '', DELIMITER '\t', COMPRESSION zstd)");
    assertSays(refusal(Map.of("path", "t.jsonl.zst")), "t.jsonl.zst:3: is not JSON");
    write("t.json", " \n[{\"question\": \"a\"},\n {\"question\": 0.50}]");
    assertEquals(List.of("a", "0.50"), prompts(Map.of("path", "t.json")));
    write("broken.json", "[{\"question\": \"a\"}, {");
    assertSays(refusal(Map.of("path", "broken.json")), "broken.json: is not a JSON array");
    write("plain.json", lines);
    assertEquals(List.of("a", "0.50"), prompts(Map.of("path", "plain.json")));
  }

  @Test
  void patternsTakeFilesInOrder() throws IOException {
    write("d/b-2.jsonl", "{\"question\": \"2\"}");
    write("d/b-1.csv", "question\n1\n");
    write("d/c.jsonl", "{\"question\": \"no\"}");
    write("d/e/b-3.jsonl", "{\"question\": \"3\"}");
    assertEquals(List.of("1", "2"), prompts(Map.of("path", "d/b-*")));
    assertEquals(List.of("1", "2", "3"), prompts(Map.of("path", "d/**/b-[1-3].{csv,jsonl}")));
    try (Dataset data = open(Map.of("path", "d/**/b-*"))) {
      assertEquals("e/b-3.jsonl:1", data.training().task(2).id());
    }
    assertSays(refusal(Map.of("path", "d/x*")), "d/x*: no file is called so");
  }

  @Test
  void namesWithPatternCharactersAreFiles() throws SQLException, IOException {
    sql("COPY (SELECT 'a' AS question) TO '$/t.parquet'");
    Files.move(directory.resolve("t.parquet"), directory.resolve("t[1]'x.parquet"));
    assertEquals(List.of("a"), prompts(Map.of("path", "t[1]'x.parquet")));
  }

  @Test
  void whatCannotBeReadSaysWhy() throws IOException {
    write("t.parquet", "no parquet at all");
    assertSays(refusal(Map.of("path", "t.parquet")), "t.parquet: cannot be read as PARQUET (");
    write("t.xlsx", "");
    assertSays(refusal(Map.of("path", "t.xlsx")), "is of no kind that is known", ".parquet");
    assertSays(refusal(Map.of("path", "t.csv")), "t.csv: there is no such file or directory");
    write("t.csv", "question\n");
    assertSays(refusal(Map.of("path", "t.csv")), "holds no task");
    write("latin.csv", "question\n");
    Files.write(
        directory.resolve("latin.csv"), "question\nGr\u00fc\u00dfe\n".getBytes("ISO-8859-1"));
    assertSays(refusal(Map.of("path", "latin.csv")), "latin.csv");
  }

  /** A truncated file, as a broken download leaves it. */
  @Test
  void aCutParquetFileIsRefused() throws SQLException, IOException {
    sql("COPY (SELECT 'a' || i AS question FROM range(1000) t(i)) TO '$/t.parquet'");
    byte[] whole = Files.readAllBytes(directory.resolve("t.parquet"));
    Files.write(
        directory.resolve("t.parquet"), java.util.Arrays.copyOf(whole, whole.length * 2 / 3));
    assertSays(refusal(Map.of("path", "t.parquet")), "t.parquet: cannot be read as PARQUET (");
  }

  @Test
  void nothingIsDownloadedToReadAFile() {
    assertThrows(
        SQLException.class,
        () -> {
          try (Duck duck = Duck.open()) {
            duck.rows("SELECT * FROM read_parquet('https://localhost:1/x.parquet')");
          }
        });
    assertThrows(
        SQLException.class,
        () -> {
          try (Duck duck = Duck.open()) {
            duck.rows("SET autoinstall_known_extensions = true");
          }
        });
  }

  @Test
  void difficultyIsANumberInTheColumn() throws IOException {
    write("t.csv", "question,level\na,Level 3\nb,Level 1\n");
    try (Dataset data = open(Map.of("path", "t.csv", "difficulty", "level"))) {
      assertEquals(3, data.training().difficulty(0));
      assertEquals(1, data.training().difficulty(1));
    }
    write("t.csv", "question,level\na,hard\n");
    assertSays(
        refusal(Map.of("path", "t.csv", "difficulty", "level")),
        "t.csv: row 1: level: \"hard\" holds no number");
  }

  @Test
  void answersInABox() throws IOException {
    write(
        "t.jsonl",
        "{\"question\": \"a\", \"solution\": \"so \\\\boxed{1} no"
            + " \\\\boxed{\\\\frac{1}{2\\\\}}}.\"}");
    Map<String, Object> boxed =
        Map.of("path", "t.jsonl", "answer", Map.of("from", "solution", "boxed", true));
    try (Dataset data = open(boxed)) {
      assertEquals("\\frac{1}{2\\}}", data.training().task(0).answer().orElseThrow());
    }
    write("t.jsonl", "{\"question\": \"a\", \"solution\": \"so \\\\boxed{1\"}");
    assertSays(refusal(boxed), "t.jsonl:1: solution: holds no \\boxed{…}");
  }

  @Test
  void settingsThatCannotBeAreRefused() {
    for (Map<String, Object> bad :
        List.<Map<String, Object>>of(
            Map.of(),
            Map.of("path", "a", "hub", "b/c"),
            Map.of("path", "a", "delimiter", "::"),
            Map.of("path", "a", "answer", Map.of("from", "x", "after", "y", "boxed", true)))) {
      assertThrows(IllegalArgumentException.class, () -> open(bad), bad.toString());
    }
  }

  /** Stated in {@link io.whetstone.datasets.RowDataset}; the whole test JVM has 2 GB. */
  @Test
  @Tag("long")
  void aMillionRowsNeedAHundredBytesEach() throws SQLException {
    sql(
        "COPY (SELECT 'What is ' || i || ' + ' || (i * 7) || '? ' || repeat('x', 400) AS question,"
            + " (i * 8)::VARCHAR AS answer FROM range(1000000) t(i)) TO '$/t.parquet'");
    System.gc();
    long before = used();
    try (Dataset data =
        open(Map.of("path", "t.parquet", "answer", "answer", "held-out", 1000, "shuffle", true))) {
      System.gc();
      long perRow = (used() - before) / 1_000_000;
      System.out.println("bytes a row: " + perRow);
      assertTrue(perRow <= 100, perRow + " bytes a row");
      assertEquals(999_000, data.training().size());
      Set<String> ids = new HashSet<>();
      for (int i = 0; i < 1000; i++) {
        Task task = data.training().task(i * 999L);
        ids.add(task.id());
        long n = Long.parseLong(task.prompt().replaceAll("What is (\\d+) .*", "$1"));
        assertEquals(Long.toString(8 * n), task.answer().orElseThrow());
      }
      assertEquals(1000, ids.size());
    }
  }

  private static long used() {
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }
}
