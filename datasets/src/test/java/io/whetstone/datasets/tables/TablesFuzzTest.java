package io.whetstone.datasets.tables;

import io.whetstone.datasets.Dataset;
import io.whetstone.datasets.DatasetException;
import io.whetstone.datasets.settings.Settings;
import io.whetstone.fuzz.Damage;
import io.whetstone.fuzz.Fuzz;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Damaged tables are read, or refused with one message; the JVM stays whole. */
class TablesFuzzTest {
  private static final String CSV =
      "question,answer,n\n"
          + "\"What, is 1+1?\",2,1.5\n"
          + "\"two \"\"quoted\"\" lines\n"
          + "here\",é,\n"
          + "3+4,7,-2\n";
  private static final String JSON =
      "{\"question\": \"1+1?\", \"answer\": 2, \"more\": {\"a\": [1, null, \"x\"]}}\n"
          + "{\"question\": \"é \\ud83d\\ude00\", \"answer\": 3.5, \"more\": {\"a\": []}}\n";
  private static final String CARD =
      """
      ---
      license: mit
      configs:
      - config_name: main
        default: true
        data_files:
        - split: train
          path: data/train-*
        - split: test
          path: ["data/test-*.jsonl", data/more.jsonl]
      - config_name: other
        data_dir: data
      ---
      # A card
      """;

  @TempDir Path directory;

  /** A kind of file. */
  enum Kind {
    CSV("t.csv", Damage.words()),
    JSONL("t.jsonl", Damage.jsonLines()),
    ARRAY("t.json", Damage.json()),
    GZIP("t.jsonl.gz", Damage.bytes()),
    PARQUET("t.parquet", new ParquetDamage()),
    CARD("README.md", Damage.words());

    private final String file;
    private final Damage damage;

    Kind(String file, Damage damage) {
      this.file = file;
      this.damage = damage;
    }
  }

  @ParameterizedTest
  @EnumSource
  void aSample(Kind kind) throws Exception {
    fuzz(kind, 40);
  }

  @ParameterizedTest
  @EnumSource
  @Tag("long")
  void many(Kind kind) throws Exception {
    System.out.println(kind + ": " + fuzz(kind, 10_000));
  }

  private Fuzz.Result fuzz(Kind kind, int files) throws Exception {
    return Fuzz.of(good(kind), directory.resolve(kind.file))
        .files(files)
        .damagedBy(kind.damage)
        .refusedBy(DatasetException.class)
        .read(
            path -> {
              try (Dataset data = open(kind == Kind.CARD ? directory.toString() : kind.file)) {
                for (long i = 0; i < data.training().size(); i++) {
                  data.training().task(i);
                }
              }
            });
  }

  private byte[] good(Kind kind) throws Exception {
    return switch (kind) {
      case CSV -> CSV.getBytes(StandardCharsets.UTF_8);
      case JSONL -> JSON.getBytes(StandardCharsets.UTF_8);
      case ARRAY ->
          ("[" + JSON.strip().replace("\n", ",\n") + "]").getBytes(StandardCharsets.UTF_8);
      case GZIP -> gzip();
      case PARQUET -> parquet();
      case CARD -> {
        Path data = Files.createDirectory(directory.resolve("data"));
        Files.writeString(data.resolve("train-1.jsonl"), JSON);
        Files.writeString(data.resolve("test-1.jsonl"), JSON);
        yield CARD.getBytes(StandardCharsets.UTF_8);
      }
    };
  }

  private static byte[] gzip() throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
      gzip.write(JSON.getBytes(StandardCharsets.UTF_8));
    }
    return bytes.toByteArray();
  }

  private byte[] parquet() throws Exception {
    Path file = directory.resolve("good.parquet");
    try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = duck.createStatement()) {
      statement.execute(
          "COPY (SELECT 'q' || i AS question, i AS answer, [i, NULL] AS list, {'x': {'y': i}} AS"
              + " nested FROM range(300) t(i)) TO '"
              + file
              + "' (FORMAT parquet, COMPRESSION zstd)");
    }
    byte[] bytes = Files.readAllBytes(file);
    Files.delete(file);
    return bytes;
  }

  private Dataset open(String path) {
    return Tables.open(
        Settings.read(
            Map.of("path", path, "prompt", "question", "held-out", 0, "shuffle", false),
            TableSettings.class,
            "table"),
        directory,
        () -> {
          throw new IllegalStateException("nothing here is at the hub");
        },
        0);
  }
}
