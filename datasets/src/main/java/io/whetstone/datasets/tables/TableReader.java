package io.whetstone.datasets.tables;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.util.MinimalPrettyPrinter;
import io.whetstone.datasets.DatasetException;
import io.whetstone.datasets.RowFile;
import io.whetstone.datasets.settings.Names;
import java.io.BufferedInputStream;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;

/**
 * Makes lines of JSON of a file's rows. JSONL that is not compressed is read where it is; all else
 * is written once, a row a line, into a temporary file that goes when the dataset is closed or the
 * process ends, however it ends. In memory there is a row at a time, and what {@link Duck} takes.
 */
final class TableReader {

  private static final int EXAMPLES = 5;

  private final TableSettings settings;

  TableReader(TableSettings settings) {
    this.settings = settings;
  }

  /**
   * @param name of the file, for the names of tasks
   * @throws DatasetException if it cannot be read
   */
  RowFile open(Path path, String name) {
    Format format =
        Format.of(name)
            .orElseThrow(
                () ->
                    new DatasetException(
                        path + ": is of no kind that is known; expected " + Format.NAMES));
    try {
      return switch (format.kind()) {
        case PARQUET -> parquet(path, name);
        case CSV -> csv(path, name, settings.delimiter().orElse(","));
        case TSV -> csv(path, name, settings.delimiter().orElse("\t"));
        case JSON -> json(path, name, format.compression());
      };
    } catch (SQLException e) {
      throw new DatasetException(
          path + ": cannot be read as " + format.kind() + " (" + reason(e) + ")", e);
    } catch (JsonProcessingException e) {
      throw new DatasetException(
          path + ": is not a JSON array of objects (" + e.getMessage().replace('\n', ' ') + ")", e);
    } catch (IOException e) {
      boolean full = String.valueOf(e.getMessage()).contains("No space left");
      throw new DatasetException(
          path
              + (full
                  ? ": its rows do not fit into "
                      + System.getProperty("java.io.tmpdir")
                      + "; make room there, or name another directory with -Djava.io.tmpdir"
                  : ": cannot be read (" + e + ")"),
          e);
    }
  }

  private static String reason(SQLException e) {
    String message = String.valueOf(e.getMessage()).strip();
    return message.lines().limit(2).reduce((a, b) -> a + " " + b.strip()).orElse("no reason given");
  }

  private RowFile parquet(Path path, String name) throws SQLException, IOException {
    String table = "read_parquet(" + Duck.file(path) + ")";
    try (Duck duck = Duck.open();
        Rows rows = new Rows()) {
      List<String> columns = new ArrayList<>();
      List<String> names = new ArrayList<>();
      for (String[] column : duck.rows("DESCRIBE SELECT * FROM " + table)) {
        names.add(column[0]);
        if (kept(column[0])) {
          columns.add(selected(column[0], column[1]));
        }
      }
      requireKept(path, names);
      duck.write(
          "SELECT to_json(r)::VARCHAR FROM (SELECT %s FROM %s) r"
              .formatted(String.join(", ", columns), table),
          rows.writer);
      return rows.done(name, path.toString(), 0, List.of());
    }
  }

  private boolean kept(String column) {
    return settings.keep().isEmpty() || settings.keep().get().contains(column);
  }

  private void requireKept(Path path, List<String> columns) {
    for (String column : settings.keep().orElse(List.of())) {
      if (!columns.contains(column)) {
        throw new DatasetException(
            path + ": keep: " + column + " " + Names.unknown(column, columns));
      }
    }
  }

  /** Numbers as they are written, and null for those that JSON does not have. */
  private static String selected(String column, String type) {
    String name = Duck.name(column);
    return switch (type) {
      case "DOUBLE" -> "CASE WHEN isfinite(%1$s) THEN %1$s END AS %1$s".formatted(name);
      case "FLOAT" ->
          "CASE WHEN isfinite(%1$s) THEN %1$s::VARCHAR::DOUBLE END AS %1$s".formatted(name);
      default -> name;
    };
  }

  /** Every column is text: 07 stays 07. */
  private RowFile csv(Path path, String name, String delimiter) throws SQLException, IOException {
    try (Duck duck = Duck.open();
        Rows rows = new Rows()) {
      String table =
          "read_csv(%s, delim = %s, quote = '\"', escape = '\"', header = true, all_varchar = true,"
                  .formatted(Duck.file(path), Duck.text(delimiter))
              + " null_padding = false, store_rejects = true, rejects_limit = 0, max_line_size = "
              + Duck.LONGEST_LINE
              + ")";
      List<String> columns = new ArrayList<>();
      for (String[] column : duck.rows("DESCRIBE SELECT * FROM " + table)) {
        columns.add(column[0]);
      }
      requireKept(path, columns);
      String kept = String.join(", ", columns.stream().filter(this::kept).map(Duck::name).toList());
      duck.write(
          "SELECT to_json(r)::VARCHAR FROM (SELECT %s FROM %s) r".formatted(kept, table),
          rows.writer);
      List<String> rejected = new ArrayList<>();
      for (String[] bad :
          duck.rows(
              "SELECT line, error_message FROM reject_errors ORDER BY line LIMIT " + EXAMPLES)) {
        rejected.add(
            "%s:%s: %s".formatted(path, bad[0], bad[1].replaceAll("\\s*\\n\\s*", " ").strip()));
      }
      long count =
          Long.parseLong(duck.rows("SELECT count(DISTINCT line) FROM reject_errors").get(0)[0]);
      return rows.done(name, path.toString(), count, rejected);
    }
  }

  private RowFile json(Path path, String name, Format.Compression compression)
      throws SQLException, IOException {
    return switch (compression) {
      case NONE -> {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(path))) {
          yield isArray(in)
              ? array(in, path, name)
              : new RowFile(name, path.toString(), FileChannel.open(path, StandardOpenOption.READ));
        }
      }
      case GZIP -> {
        try (InputStream in =
            new BufferedInputStream(new GZIPInputStream(Files.newInputStream(path)))) {
          yield unpacked(in, path, name);
        }
      }
      case ZSTD -> {
        try (Duck duck = Duck.open();
            Rows rows = new Rows()) {
          // The lines as they are: JSON has no character 1.
          duck.write(
              "SELECT line FROM read_csv(%s, columns = {'line': 'VARCHAR'}, delim = chr(1), quote ="
                      .formatted(Duck.file(path))
                  + " '', escape = '', header = false, auto_detect = false, max_line_size = "
                  + Duck.LONGEST_LINE
                  + ")",
              rows.writer);
          RowFile lines = rows.done(path, name);
          // Not closed: the channel goes on to serve the lines.
          InputStream in =
              new BufferedInputStream(Channels.newInputStream(lines.channel().position(0)));
          if (!isArray(in)) {
            yield lines;
          }
          RowFile array = array(in, path, name);
          lines.channel().close();
          yield array;
        }
      }
    };
  }

  private static RowFile unpacked(InputStream in, Path path, String name) throws IOException {
    if (isArray(in)) {
      return array(in, path, name);
    }
    try (Rows rows = new Rows()) {
      in.transferTo(rows.bytes);
      return rows.done(path, name);
    }
  }

  /** Whether the first character that is no white space opens a list; nothing is taken. */
  private static boolean isArray(InputStream in) throws IOException {
    int most = 1 << 12;
    in.mark(most);
    int c = in.read();
    for (int i = 1; i < most && (c == ' ' || c == '\n' || c == '\r' || c == '\t'); i++) {
      c = in.read();
    }
    in.reset();
    return c == '[';
  }

  private static RowFile array(InputStream in, Path path, String name) throws IOException {
    JsonFactory json = new JsonFactory();
    try (Rows rows = new Rows();
        JsonParser parser = json.createParser(in);
        JsonGenerator generator = json.createGenerator(rows.writer)) {
      generator.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
      generator.setPrettyPrinter(new MinimalPrettyPrinter("\n"));
      parser.nextToken();
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        copy(parser, generator);
      }
      generator.flush();
      return rows.done(name, path.toString(), 0, List.of());
    }
  }

  /** One value, with the digits that its numbers are written with. */
  private static void copy(JsonParser parser, JsonGenerator generator) throws IOException {
    int depth = 0;
    do {
      generator.copyCurrentEventExact(parser);
      JsonToken token = parser.currentToken();
      depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
    } while (depth > 0 && parser.nextToken() != null);
  }

  /** A temporary file of lines. */
  private static final class Rows implements AutoCloseable {
    private final FileChannel channel;
    private final OutputStream bytes;
    private final Writer writer;
    private boolean handedOn;

    Rows() throws IOException {
      Path file = Files.createTempFile("whetstone-rows-", ".jsonl");
      channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
      bytes = Channels.newOutputStream(channel);
      writer = new BufferedWriter(new OutputStreamWriter(bytes, StandardCharsets.UTF_8), 1 << 16);
      try {
        // Open it lives on without a name, so that nothing stays behind when the process is killed.
        Files.delete(file);
      } catch (IOException e) {
        file.toFile().deleteOnExit(); // Not on every system.
      }
    }

    /** Of numbered rows. */
    RowFile done(String name, String place, long rejected, List<String> examples)
        throws IOException {
      writer.flush();
      handedOn = true;
      return new RowFile(name, place, false, channel, rejected, examples);
    }

    /** Of the lines of a file. */
    RowFile done(Path path, String name) throws IOException {
      writer.flush();
      handedOn = true;
      return new RowFile(name, path.toString(), channel);
    }

    @Override
    public void close() throws IOException {
      if (!handedOn) {
        channel.close();
      }
    }
  }
}
