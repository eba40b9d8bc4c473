package io.whetstone.datasets.tables;

import java.util.Locale;
import java.util.Optional;

/** What kind of file holds rows, by its name. */
record Format(Kind kind, Compression compression) {

  static final String NAMES =
      ".parquet, .csv, .tsv, .jsonl, .ndjson or .json, but for the first also with .gz or .zst";

  enum Kind {
    PARQUET,
    CSV,
    TSV,
    JSON
  }

  enum Compression {
    NONE,
    GZIP,
    ZSTD
  }

  static Optional<Format> of(String path) {
    String name = path.toLowerCase(Locale.ROOT);
    Compression compression =
        name.endsWith(".gz")
            ? Compression.GZIP
            : name.endsWith(".zst") ? Compression.ZSTD : Compression.NONE;
    String plain = name.replaceFirst("\\.(gz|zst)$", "");
    Kind kind =
        switch (plain.substring(plain.lastIndexOf('.') + 1)) {
          case "parquet" -> compression == Compression.NONE ? Kind.PARQUET : null;
          case "csv" -> Kind.CSV;
          case "tsv" -> Kind.TSV;
          case "jsonl", "ndjson", "json" -> Kind.JSON;
          default -> null;
        };
    return kind == null ? Optional.empty() : Optional.of(new Format(kind, compression));
  }
}
