package io.whetstone.trainer.config;

import io.whetstone.datasets.JsonlSettings;
import io.whetstone.datasets.tables.TableSettings;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * One source of tasks and demonstrations.
 *
 * @param synthetic a generator: {@code {sums: {…}}}
 * @param jsonl a JSONL file, a task a line
 * @param table Parquet, CSV or JSON files, here or at the hub
 */
public record Source(
    Optional<Synthetic> synthetic, Optional<JsonlSettings> jsonl, Optional<TableSettings> table) {

  /** The keys of those that are given. */
  List<String> given() {
    return Stream.of(
            synthetic.map(unused -> "synthetic"),
            jsonl.map(unused -> "jsonl"),
            table.map(unused -> "table"))
        .flatMap(Optional::stream)
        .toList();
  }
}
