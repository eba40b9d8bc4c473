package io.whetstone.datasets.tables;

import io.whetstone.datasets.Columns;
import io.whetstone.datasets.Reading;
import io.whetstone.datasets.settings.Default;
import io.whetstone.datasets.settings.Inline;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * How files of rows become tasks: Parquet, CSV, TSV, JSONL or JSON, the last four also as {@code
 * .gz} or {@code .zst}. Exactly one of {@code path} and {@code hub}.
 *
 * @param path a file, a pattern ({@code data/*.parquet}), a Hugging Face dataset's directory, or
 *     {@code hf://datasets/ORG/NAME[@revision][/file or pattern]}
 * @param hub a Hugging Face dataset, {@code ORG/NAME} or {@code ORG/NAME@revision}
 * @param config which of a dataset's configurations; left out: its default, or its only one
 * @param split which of a dataset's splits
 * @param delimiter what separates the columns of a CSV file; left out: a comma, in {@code .tsv} a
 *     tab
 * @param keep the columns of a Parquet or CSV file that rows have; left out: all
 * @param columns what the columns are to a task
 * @param reading what is kept of the rows
 */
public record TableSettings(
    Optional<Path> path,
    Optional<String> hub,
    Optional<String> config,
    @Default(value = "\"train\"", source = "datasets' load_dataset needs one; most have it")
        String split,
    Optional<String> delimiter,
    Optional<List<String>> keep,
    @Inline Columns columns,
    @Inline Reading reading) {

  public TableSettings {
    if (path.isPresent() == hub.isPresent()) {
      throw new IllegalArgumentException(
          (path.isPresent() ? "both" : "none") + " of path and hub given; expected exactly one");
    }
    if (delimiter.isPresent() && delimiter.get().length() != 1) {
      throw new IllegalArgumentException(
          "delimiter: \"" + delimiter.get() + "\" is not one character");
    }
  }
}
