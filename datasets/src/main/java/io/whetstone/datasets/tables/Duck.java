package io.whetstone.datasets.tables;

import java.io.IOException;
import java.io.Writer;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.duckdb.DuckDBDriver;

/**
 * DuckDB as a reader of files: in memory, with at most {@value #MEMORY} and two threads; what does
 * not fit goes to the temporary directory. It downloads no extension and opens no connection; those
 * for Parquet and JSON are in its jar.
 */
final class Duck implements AutoCloseable {

  static final String MEMORY = "1GB";

  /** What one row may have, as {@link io.whetstone.datasets.JsonLines} takes it. */
  static final int LONGEST_LINE = 16 << 20;

  private final Connection connection;

  private Duck(Connection connection) {
    this.connection = connection;
  }

  static Duck open() throws SQLException {
    Properties settings = new Properties();
    settings.setProperty("autoinstall_known_extensions", "false");
    settings.setProperty("autoload_known_extensions", "false");
    settings.setProperty("memory_limit", MEMORY);
    settings.setProperty("threads", "2");
    settings.setProperty("preserve_insertion_order", "true");
    settings.setProperty(
        "temp_directory", Path.of(System.getProperty("java.io.tmpdir"), "duckdb").toString());
    // Rows one after the other, not the whole result at once.
    settings.setProperty(DuckDBDriver.JDBC_STREAM_RESULTS, "true");
    Connection connection = new DuckDBDriver().connect("jdbc:duckdb:", settings);
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET lock_configuration = true");
    }
    return new Duck(connection);
  }

  /** A row of the result as text. */
  List<String[]> rows(String query) throws SQLException {
    List<String[]> rows = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(query)) {
      int width = result.getMetaData().getColumnCount();
      while (result.next()) {
        String[] row = new String[width];
        for (int i = 0; i < width; i++) {
          row[i] = result.getString(i + 1);
        }
        rows.add(row);
      }
    }
    return rows;
  }

  /** Writes the only column of a result, a row a line; null as an empty line. */
  void write(String query, Writer to) throws SQLException, IOException {
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(query)) {
      while (result.next()) {
        String line = result.getString(1);
        to.write(line == null ? "" : line);
        to.write('\n');
      }
    }
  }

  /** Text as SQL has it. */
  static String text(String text) {
    return "'" + text.replace("'", "''") + "'";
  }

  /** A column's name as SQL has it. */
  static String name(String name) {
    return "\"" + name.replace("\"", "\"\"") + "\"";
  }

  /** A file that a table function reads, and not a pattern of files. */
  static String file(Path path) {
    return text(path.toString().replaceAll("[*?\\[]", "[$0]"));
  }

  @Override
  public void close() throws SQLException {
    connection.close();
  }
}
