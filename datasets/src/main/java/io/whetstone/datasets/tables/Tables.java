package io.whetstone.datasets.tables;

import io.whetstone.datasets.Dataset;
import io.whetstone.datasets.RowDataset;
import io.whetstone.datasets.RowFile;
import io.whetstone.hub.Hub;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** Datasets from tables: Parquet, CSV and JSON files, here or at the hub. */
public final class Tables {

  private Tables() {}

  /**
   * Opens and checks files.
   *
   * @param directory what a relative path starts from
   * @param hub asked for only where the settings name something there
   * @param seed decides what is held out and in which order tasks come
   * @throws io.whetstone.datasets.DatasetException if a file is not there, cannot be read, or holds
   *     a bad row and the settings say to stop
   */
  public static Dataset open(TableSettings settings, Path directory, Supplier<Hub> hub, long seed) {
    TableReader reader = new TableReader(settings);
    List<RowFile> files = new ArrayList<>();
    try {
      for (TableFiles.Located file : new TableFiles(settings, hub).locate(directory)) {
        files.add(reader.open(file.path(), file.name()));
      }
    } catch (RuntimeException e) {
      RowDataset.close(files);
      throw e;
    }
    return RowDataset.open(name(settings), files, settings.columns(), settings.reading(), seed);
  }

  private static String name(TableSettings settings) {
    String name =
        settings.hub().orElseGet(() -> settings.path().orElseThrow().getFileName().toString());
    return name + settings.config().map(config -> "/" + config).orElse("");
  }
}
